// One process of a platform (Castle or a broker) under the supervisor: started, awaited, started again when it dies, stopped.
//
//   stopped ──start()──► starting ──ready──► running ──dies──► waiting ──back-off──► starting ...
//                           │ fails the first time: start() rejects with its sentence
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError, codeOf } from '../errors.ts'
import type { ServiceMessage } from '../service.ts'
import { afterDeath, type BackOff, isRestart, rested } from './back-off.ts'
import { type Output, openOutput } from './output.ts'

export interface MemberOptions {
  readonly name: string
  /** The words of the `castellan` command; asked before each start, because ports become known at the first one. */
  args(): readonly string[]
  /** What it prints besides its log goes here; undefined: to this process's own output. */
  readonly outputFile: string | undefined
  readonly restart: boolean
  /** A line for people. */
  say(line: string): void
  /** A sentence instead of the process's own, where this platform's options are what helps. */
  explain(code: string, sentence: string): string
  /** The set of processes changed. */
  onChange(): void
}

const main = join(import.meta.dirname, '..', 'main.ts')
/** Beyond what the process itself says it may take; and for one that has not said anything yet. */
const stopGraceMs = 2_000
const stopDeadlineDefaultMs = 8_000

export class Member {
  readonly name: string
  /** Resolves when it first says so. */
  readonly registered: Promise<void>
  readonly #options: MemberOptions
  readonly #onRegistered: () => void
  #isRegistered = false
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #stopDeadlineMs = stopDeadlineDefaultMs
  #stopping = false
  #wasReady = false
  #backOff: BackOff = rested
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: MemberOptions) {
    this.name = options.name
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<void>()
    this.registered = promise
    this.#onRegistered = resolve
  }

  get isRegistered(): boolean {
    return this.#isRegistered
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts the process; resolves with what it says once it is ready. Rejects when it dies before, or is not to run any more. */
  start(): Promise<Readonly<Record<string, string>>> {
    // Whoever stops everything has passed by here, and would never end what starts now.
    if (this.#stopping) return Promise.reject(new CommandError(`${this.name} was stopped before it was started.`))
    return new Promise((resolve, reject) => this.#spawn(resolve, reject))
  }

  /** Stops it in good order, or by kill -9 when it takes too long. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
    const child = this.#child
    if (child === undefined) return
    child.kill('SIGTERM')
    const deadlineMs = this.#stopDeadlineMs + stopGraceMs
    const timer = setTimeout(() => {
      this.#options.say(`${this.name} did not stop within ${deadlineMs / 1000} s: killed`)
      child.kill('SIGKILL')
    }, deadlineMs)
    await this.#ended
    clearTimeout(timer)
  }

  /** A stop that is under way shall not wait for others to take over. */
  hurry(): void {
    if (this.#stopping) this.#child?.kill('SIGTERM')
  }

  #spawn(resolve: (ready: Readonly<Record<string, string>>) => void, reject: (error: CommandError) => void): void {
    const output = this.#openOutput()
    const fd = output?.fd ?? (this.#options.outputFile === undefined ? 'inherit' : 'ignore')
    // A process group of its own: Ctrl-C reaches the supervisor alone, and that stops everything in order.
    const child = spawn(process.execPath, [...process.execArgv, main, ...this.#options.args()], {
      stdio: ['ignore', fd, fd, 'ipc'],
      detached: true,
    })
    if (output !== undefined) closeSync(output.fd)
    const startedMs = performance.now()
    this.#child = child
    this.#options.onChange()
    let failure: string | undefined
    child.on('message', (message: ServiceMessage) => {
      if (message.type === 'failed') failure = this.#options.explain(message.code, message.sentence)
      else if (message.type === 'progress') this.#options.say(`${this.name} ${message.sentence}`)
      else if (message.type === 'registered') {
        this.#isRegistered = true
        this.#onRegistered()
      } else {
        this.#wasReady = true
        this.#stopDeadlineMs = message.stopDeadlineMs
        resolve(message.ready)
      }
    })
    this.#ended = new Promise((ended) => {
      const end = (why: string, exitCode: number | null = null) => {
        if (this.#child !== child) return
        this.#child = undefined
        this.#options.onChange()
        if (!this.#wasReady)
          reject(
            new CommandError(
              failure ?? `${this.name} ${why} before it was ready.${this.#lastWords(output?.start ?? 0)}`,
            ),
          )
        else if (!this.#stopping) this.#died(failure ?? why, exitCode, performance.now() - startedMs)
        ended()
      }
      child.on('error', (error) => end(`could not be started (${error.message})`))
      child.on('exit', (code, signal) =>
        end(signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`, code),
      )
    })
  }

  /** Undefined: nothing is kept, or cannot be at the moment. A full disk is no reason to leave a process dead. */
  #openOutput(): Output | undefined {
    const { outputFile, say } = this.#options
    if (outputFile === undefined) return undefined
    try {
      return openOutput(outputFile)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      say(`${this.name}: what it prints cannot be kept in ${outputFile} (${codeOf(error)})`)
      return undefined
    }
  }

  #died(why: string, exitCode: number | null, ranMs: number): void {
    if (!this.#options.restart) {
      this.#options.say(`${this.name}: ${why}; it stays down (--no-restart)`)
      return
    }
    const { next, delayMs } = isRestart(exitCode, ranMs)
      ? { next: rested, delayMs: 0 }
      : afterDeath(this.#backOff, ranMs)
    this.#backOff = next
    this.#options.say(`${this.name}: ${why}; starting it again ${delayMs === 0 ? 'at once' : `in ${delayMs} ms`}`)
    const again = () => {
      const ready = () => this.#options.say(`${this.name} is back (process ${this.pid})`)
      this.#spawn(ready, () => {})
    }
    this.#restartTimer = setTimeout(again, delayMs)
  }

  /** The end of what it printed, for a death without a sentence. */
  #lastWords(start: number): string {
    const file = this.#options.outputFile
    if (file === undefined) return ''
    const text = readFileSync(file).subarray(start).toString().trim()
    return text === '' ? '' : ` It said:\n${text.slice(-2000)}`
  }
}
