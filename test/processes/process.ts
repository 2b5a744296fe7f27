// One real process of a test: started, listened to, killed. Whatever a test forgets is killed with the test process, by its pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

/** `node <castellan>` words: the command line in its own process. */
export const castellan = join(root, 'cli', 'main.ts')

const outputCharactersMax = 256 << 10
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ProcessOptions {
  readonly cwd?: string
  /** Another Node than this one. */
  readonly node?: string
  readonly env?: Readonly<Record<string, string>>
  /** Words that run it elsewhere, such as on a machine of the test's own (machines.ts). */
  readonly within?: readonly string[]
  /** Written to its standard input, which is then closed; without it there is none. */
  readonly input?: string
}

export class TestProcess {
  readonly ended: Promise<Ended>
  /** Everything it wrote, the newest part of it. */
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #name: string
  readonly #said = new Set<unknown>()

  /** Runs a file with this Node. It has an IPC channel, as under a supervisor: it ends when the test process does. */
  constructor(name: string, file: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#name = name
    const words = [...(options.within ?? []), options.node ?? process.execPath, file, ...args]
    const child = spawn(words[0]!, words.slice(1), {
      cwd: options.cwd ?? root,
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    running.add(child)
    child.stdout?.on('data', (text: Buffer) => {
      this.stdout = (this.stdout + text.toString()).slice(-outputCharactersMax)
    })
    child.stderr?.on('data', (text: Buffer) => {
      this.stderr = (this.stderr + text.toString()).slice(-outputCharactersMax)
    })
    child.on('message', (message) => {
      this.#said.add((message as { type?: unknown }).type)
    })
    child.stdin?.end(options.input)
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        running.delete(child)
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Whether a message of this type ever came on its IPC channel: the next one may come at once, before anybody looks. */
  hasSaid(type: string): boolean {
    return this.#said.has(type)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM; resolves when it is gone. Rejects when that was not in good order. */
  async stop(): Promise<void> {
    if (!this.isRunning) return
    this.#child.kill('SIGTERM')
    const { code, signal } = await this.ended
    if (code !== 0) throw new Error(`${this.#name} stopped with ${signal ?? code}:\n${this.stderr.slice(-4000)}`)
  }
}

/** What is on standard error but for what was waited for: on a busy machine nearly everything says that. */
export function complaints(stderr: string): string {
  const isWait = (line: string) => /^castellan: waiting: |"msg":"waiting for /.test(line)
  return stderr
    .split('\n')
    .filter((line) => !isWait(line))
    .join('\n')
}
