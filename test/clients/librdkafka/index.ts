// librdkafka in tests, by its Python binding: the wheel from PyPI brings it along, installed once into node_modules/.cache.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf, root } from '../../processes/index.ts'

const version = '2.16.1'
const folder = join(root, 'node_modules', '.cache', 'castellan', `confluent-kafka-${version}`)
const installMs = 120_000

/** Why it cannot run here, as a sentence; undefined when it can. */
export function pythonMissing(): string | undefined {
  if (pathOf('Python') === undefined) return 'librdkafka needs Python'
  if (existsSync(folder)) return undefined
  const { status } = spawnSync('python3', ['-m', 'pip', '--version'])
  return status === 0 ? undefined : 'librdkafka needs pip for Python'
}

/** Where Python finds the binding. Downloads it the first time. */
export function pythonPath(): string {
  if (existsSync(folder)) return folder
  const partly = `${folder}.${process.pid}`
  const words = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', partly, `confluent-kafka==${version}`]
  execFileSync('python3', words, { stdio: 'pipe', timeout: installMs })
  renameSync(partly, folder)
  return folder
}

export interface MemberEvent {
  readonly name: 'assigned' | 'revoked' | 'lost' | 'processed' | 'committed' | 'error' | 'closed'
  readonly partitions?: readonly number[]
  /** `partition/offset` */
  readonly messages?: readonly string[]
  readonly text?: string
}

/** A member of a KIP-848 group in a process of its own; it commits after each batch. */
export class RdkafkaMember {
  readonly #child: ChildProcess
  #output = ''
  #errors = ''

  constructor(bootstrap: string, group: string, topic: string, instance?: string) {
    const words = [join(import.meta.dirname, 'member.py'), bootstrap, group, topic, ...(instance ? [instance] : [])]
    const env = { ...process.env, PYTHONPATH: pythonPath() }
    this.#child = spawn('python3', words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#output += text.toString()
    })
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#errors += text.toString()
    })
  }

  get events(): MemberEvent[] {
    const lines = this.#output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
    return lines.map((line) => JSON.parse(line) as MemberEvent)
  }

  of(...names: MemberEvent['name'][]): MemberEvent[] {
    return this.events.filter(({ name }) => names.includes(name))
  }

  get assigned(): number[] {
    const now = new Set<number>()
    for (const { name, partitions = [] } of this.events) {
      for (const partition of partitions) {
        if (name === 'assigned') now.add(partition)
        else now.delete(partition)
      }
    }
    return [...now].sort()
  }

  get processed(): string[] {
    return this.of('processed').flatMap(({ messages = [] }) => messages)
  }

  /** What librdkafka itself logged. */
  get errors(): string {
    return this.#errors
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** SIGTERM: it leaves the group. SIGKILL: it is gone. Resolves when the process has ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.kill(signal)
    await ended
  }
}
