// A Java process: started, read, stopped. Whatever is forgotten is killed with this process, by its pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { kafkaClassPath } from './jars.ts'

const outputCharactersMax = 4 << 20
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface JavaOptions {
  /** Options of the virtual machine. */
  readonly jvm?: readonly string[]
  readonly cwd?: string
  /** Written to its standard input. */
  readonly input?: string
}

export class JavaProcess {
  /** The exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** What it wrote to both outputs, the newest part of it. */
  output = ''
  readonly #child: ChildProcess
  readonly #main: string

  /** `main`: a class of Kafka's, or a Java file. */
  constructor(main: string, args: readonly string[], options: JavaOptions = {}) {
    this.#main = main
    const words = ['-cp', kafkaClassPath(), ...(options.jvm ?? []), main, ...args]
    const child = spawn('java', words, { cwd: options.cwd, stdio: 'pipe' })
    this.#child = child
    running.add(child)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.output = (this.output + text.toString()).slice(-outputCharactersMax)
      })
    }
    // It may end without having read all of it.
    child.stdin.on('error', (error) => {
      this.output += `\n${error.message}`
    })
    child.stdin.end(options.input ?? '')
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        running.delete(child)
        resolve(code)
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves with all it wrote; rejects with it when the exit code is not 0. */
  async done(): Promise<string> {
    const code = await this.ended
    if (code !== 0) throw new Error(`${this.#main} ended with ${code}:\n${this.output.slice(-4000)}`)
    return this.output
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
