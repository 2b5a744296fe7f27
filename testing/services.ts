// The services of a test: each a process of its own with the real SDK, watched.
import { type Castellan, type ConnectOptions, connectWith } from '@castellan/sdk'
import type { History } from './history.ts'
import type { Hosts } from './hosts.ts'
import type { LogLines } from './log-lines.ts'
import { castleUrl } from './simulator/index.ts'
import { realNowMs } from './simulator/real.ts'
import type { Time } from './time.ts'
import { type Watch, watchClient } from './watch.ts'

/** As the SDK's `connect`; where Castle is, the platform knows. */
export type ServiceOptions = Omit<ConnectOptions, 'castle'>

/** A platform of which Castle is dead is waited for so long, unless told otherwise. */
const connectTimeoutMs = 60_000
const closeTimeoutMs = 1_000

export class Services {
  readonly #hosts: Hosts
  readonly #time: Time
  readonly #history: History
  readonly #logs: LogLines
  readonly #watches = new Set<Watch>()
  readonly #clients = new Map<string, Castellan>()

  constructor(hosts: Hosts, time: Time, history: History, logs: LogLines) {
    this.#hosts = hosts
    this.#time = time
    this.#history = history
    this.#logs = logs
  }

  async connect(options: ServiceOptions): Promise<Castellan> {
    const process = this.#hosts.addService(options?.service || 'service')
    const log = this.#logs.of(process.name, () => this.#time.nowMs, options.log)
    const castellan = await connectWith(
      process.runtime,
      { connectTimeoutMs, ...options, castle: castleUrl, log },
      process.whereabouts,
    )
    const watch = { service: process.name, time: this.#time, history: this.#history, consumers: [], calls: 0, runs: 0 }
    this.#watches.add(watch)
    this.#clients.set(process.name, castellan)
    return watchClient(castellan, watch)
  }

  /** kill -9 of a service: what it waits for never comes. */
  died(service: string): void {
    this.#history.died(service)
    this.#clients.delete(service)
    for (const watch of this.#watches) {
      if (watch.service !== service) continue
      this.#watches.delete(watch)
      this.#time.forget(watch)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((castellan) => castellan.close({ timeoutMs: closeTimeoutMs })))
  }

  /** Some consumer has not ended. */
  get isRunning(): boolean {
    return [...this.#watches].some(({ runs }) => runs > 0)
  }

  /**
   * A handler works, began less than `patienceMs` ago, and waits for none of the SDK's calls: so for something outside. (Handlers and calls
   * are counted by service; which call is whose is not known.)
   */
  isOutside(patienceMs: number): boolean {
    const youngest = realNowMs() - patienceMs
    const working = this.#history.running.filter(({ sinceRealMs }) => sinceRealMs > youngest)
    if (working.length === 0) return false
    for (const watch of this.#watches) {
      if (working.filter(({ service }) => service === watch.service).length > watch.calls) return true
    }
    return false
  }

  /** Topics that the consumers of a group were made for. */
  topicsOf(group: string): string[] {
    const topics = [...this.#watches].flatMap(({ consumers }) => consumers).filter((one) => one.group === group)
    return [...new Set(topics.flatMap((one) => one.topics))]
  }

  get groups(): string[] {
    return [...new Set([...this.#watches].flatMap(({ consumers }) => consumers.map(({ group }) => group)))]
  }

  /** One line for each consumer, and for each message that stops a partition. */
  get state(): string[] {
    return [...this.#watches].flatMap(({ service, consumers }) =>
      consumers.flatMap(({ group, topics, consumer }) => [
        `${service}: group ${group} on ${topics.join(', ')}, assigned ${assignedText(consumer.assignment)}`,
        ...consumer.stuck.map(
          ({ topic, partition, offset, attempts, error }) =>
            `${service}: stuck at ${topic}/${partition}@${offset} after ${attempts} attempts: ${error}`,
        ),
      ]),
    )
  }

  /** One line for each handler at work. */
  get working(): string[] {
    return this.#history.running.map(({ service, messages, sinceRealMs }) => {
      const [first] = messages
      const where = first === undefined ? 'a batch' : `${first.topic}/${first.partition}@${first.offset}`
      return `${service}: a handler has been working on ${where} for ${Math.round(realNowMs() - sinceRealMs)} real ms`
    })
  }
}

function assignedText(assignment: readonly { topic: string; partition: number; offset: number }[]): string {
  const parts = assignment.map(({ topic, partition, offset }) => `${topic}/${partition} (next ${offset})`)
  return parts.join(', ') || 'nothing'
}
