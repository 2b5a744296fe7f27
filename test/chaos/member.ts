// A member of the group as a process: it tells what it handled; it can be killed and started again under a new name.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from '../processes/index.ts'

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface MemberOptions {
  readonly castle: string
  readonly group: string
  readonly name: string
  readonly topics: readonly string[]
  onLine(line: string): void
}

export class Member {
  readonly ended: Promise<number | NodeJS.Signals | null>
  errors = ''
  readonly #child: ChildProcess

  constructor({ castle, group, name, topics, onLine }: MemberOptions) {
    const file = join(import.meta.dirname, 'consumer.ts')
    const child = spawn(process.execPath, [file, castle, group, name, ...topics], { cwd: root, stdio: 'pipe' })
    this.#child = child
    running.add(child)
    // The last line of one that was killed may be torn.
    createInterface(child.stdout).on('line', (line) => /^h( \S+){9}$/.test(line) && onLine(line))
    child.stderr.on('data', (text: Buffer) => {
      this.errors = (this.errors + text.toString()).slice(-16_000)
    })
    child.stdin.on('error', () => running.has(child)) // it ended meanwhile
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        running.delete(child)
        resolve(signal ?? code)
      })
    })
  }

  get isRunning(): boolean {
    return running.has(this.#child)
  }

  /** It commits and leaves; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    await this.ended
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }
}
