// Steady producers, each a process of its own, made of our SDK and of the three clients most services use: Java's, librdkafka
// (by its Python binding) and franz-go. They do the same, so that they can be laid side by side: a number of messages a second, to all
// partitions in turn, with each client's own defaults, until their standard input ends (so none outlives who started it).
//
//   words: BOOTSTRAP (the SDK: Castle's URL) TOPIC PARTITIONS MESSAGES_PER_SECOND ACKS(-1|1) NAME [TIMEOUT_MS]
//   key    NAME-PARTITION                  value   KEY N, filled up to 100 characters; N counts from 0 for each key
//   prints a PARTITION N OFFSET MS         acknowledged, at this time since 1970
//          f PARTITION N WHY               its send failed
//          sent PARTITION COUNT            at the end: so many were given to the client
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathOf, root } from '../../processes/index.ts'
import { javaMissing, kafkaClassPath } from '../apache-kafka/index.ts'
import { pythonMissing, pythonPath } from '../librdkafka/index.ts'

export const loadClients = ['sdk', 'java', 'librdkafka', 'franz-go'] as const
export type LoadClient = (typeof loadClients)[number]

export interface LoadOptions {
  readonly client: LoadClient
  /** Castle's URL, which only the SDK uses. */
  readonly castle: string
  readonly bootstrap: string
  readonly topic: string
  readonly partitions: number
  readonly perSecond: number
  readonly acks: -1 | 1
  /** Its keys begin with it. */
  readonly name: string
  /** How long it waits for an answer before it asks elsewhere. Undefined, and for the SDK: as the client has it. */
  readonly timeoutMs?: number | undefined
  onAck(partition: number, n: number, offset: number, atMs: number): void
  onFailed(partition: number, n: number, why: string): void
}

const buildMs = 300_000
const errorCharactersMax = 64 << 10
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Why a client cannot run here, as a sentence; undefined when it can. */
export function loadMissing(client: LoadClient): string | undefined {
  if (client === 'java') return javaMissing() ?? (pathOf('JDK') === undefined ? "Java's client needs a JDK" : undefined)
  if (client === 'librdkafka') return pythonMissing()
  if (client === 'franz-go') return pathOf('Go') === undefined ? 'franz-go needs Go' : undefined
  return undefined
}

export class Load {
  readonly options: LoadOptions
  /** Rejects when it ended by itself. */
  readonly ended: Promise<void>
  /** What it complained of, the newest part. */
  errors = ''
  acknowledged = 0
  failed = 0
  /** How many were given to the client, by partition; known when it was stopped in good order. */
  readonly sent = new Map<number, number>()
  readonly #child: ChildProcess
  #stopping = false

  constructor(options: LoadOptions) {
    this.options = options
    const { command, args, env } = commandOf(options)
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' })
    this.#child = child
    running.add(child)
    createInterface(child.stdout).on('line', (line) => this.#take(line))
    child.stderr.on('data', (text: Buffer) => {
      this.errors = (this.errors + text.toString()).slice(-errorCharactersMax)
    })
    child.stdin.on('error', (error) => {
      this.errors += `${error.message}\n`
    })
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        running.delete(child)
        if (this.#stopping && code === 0) resolve()
        else reject(new Error(`${options.name} ended with ${signal ?? code}:\n${this.errors.slice(-4_000)}`))
      })
    })
    this.ended.catch(() => {}) // whoever waits for it hears of it
  }

  get isRunning(): boolean {
    return running.has(this.#child)
  }

  /** Sends no more; resolves when all that it sent is acknowledged or has failed. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#child.stdin?.end()
    await this.ended
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended.catch(() => {})
  }

  #take(line: string): void {
    const [kind, ...fields] = line.split(' ')
    const [partition = 0, n = 0, offset = 0, atMs = 0] = fields.map(Number)
    if (kind === 'a') {
      this.acknowledged++
      this.options.onAck(partition, n, offset, atMs)
    } else if (kind === 'f') {
      this.failed++
      this.options.onFailed(partition, n, fields.slice(2).join(' '))
    } else if (kind === 'sent') this.sent.set(partition, n)
    else this.errors = `${this.errors}${line}\n`.slice(-errorCharactersMax)
  }
}

interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

function commandOf(options: LoadOptions): Command {
  const { client, castle, bootstrap, topic, partitions, perSecond, acks, name, timeoutMs = [] } = options
  const at = client === 'sdk' ? castle : bootstrap
  const words = [at, topic, partitions, perSecond, acks, name, timeoutMs].flat().map(String)
  const file = (name: string) => join(import.meta.dirname, name)
  switch (client) {
    case 'sdk':
      return { command: process.execPath, args: [file('sdk.ts'), ...words] }
    case 'java': {
      const jvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR']
      return { command: 'java', args: ['-cp', kafkaClassPath(), ...jvm, file('Load.java'), ...words] }
    }
    case 'librdkafka':
      return { command: 'python3', args: [file('load.py'), ...words], env: { PYTHONPATH: pythonPath() } }
    case 'franz-go':
      return { command: franzGo(), args: words }
  }
}

let built = false

/** The program's path, built once a run: Go remembers what did not change, and fetches franz-go and the Go that go.mod names. */
function franzGo(): string {
  const folder = join(root, 'node_modules', '.cache', 'castellan')
  const program = join(folder, 'franz-go-load')
  if (built && existsSync(program)) return program
  mkdirSync(folder, { recursive: true })
  const options = { cwd: join(import.meta.dirname, 'franz-go'), stdio: 'pipe', timeout: buildMs } as const
  execFileSync('go', ['build', '-o', program, '.'], options)
  built = true
  return program
}
