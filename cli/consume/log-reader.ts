// Reads partitions of a topic straight from their leaders, without a group: nothing joins, and nothing is left behind.
//
//   for each leader, one loop:  its partitions ──► one long Fetch ──► messages, in order, to `take` ──► again
//
// A leader that moved, died or says no is asked about anew; the loops follow. What has expired meanwhile is skipped, and told.
import { errors, fetch, type ResponseOf } from '@castellan/protocol'
import {
  Admin,
  CastellanError,
  type KafkaClient,
  type Message,
  MessageReader,
  refusal,
  type TopicView,
} from '@castellan/sdk/kafka'

export interface ReadPartition {
  readonly partition: number
  /** The next to read. */
  offset: number
  /** Where to stop; null: never. */
  end: number | null
}

export interface LogReaderHooks {
  /** Messages of one partition in order; the next ones wait until this resolves. */
  take(messages: readonly Message[]): Promise<unknown>
  /** What was to be read is gone: reading goes on at `to`. */
  onSkipped(partition: number, from: number, to: number): Promise<void>
  /** The brokers have not answered for some seconds. */
  onTrouble(error: CastellanError): Promise<void>
}

type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number]

const waitMs = 500
const partitionBytesMax = 2 ** 20
const fetchBytesMax = 8 * 2 ** 20
const pauseMs = 200
/** Trouble that lasts so long is told. */
const tellAfterMs = 3_000

export class LogReader {
  readonly #client: KafkaClient
  readonly #admin: Admin
  readonly #topic: TopicView
  readonly #partitions: readonly ReadPartition[]
  readonly #hooks: LogReaderHooks
  #troubleSinceMs: number | null = null

  constructor(client: KafkaClient, topic: TopicView, partitions: readonly ReadPartition[], hooks: LogReaderHooks) {
    this.#client = client
    this.#admin = new Admin(client)
    this.#topic = topic
    this.#partitions = partitions
    this.#hooks = hooks
  }

  /** Resolves when every partition is read to its end, or `signal` aborts. Throws TOPIC_DELETED, DATA_CORRUPT, REFUSED, ... */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const ended = AbortSignal.any([signal, failed.signal])
    const loops = new Map<number, Promise<void>>()
    let failure: unknown
    // A rejection of one loop ends the others.
    const start = (broker: number) =>
      this.#follow(broker, ended)
        .catch((error: unknown) => {
          failure ??= error
          failed.abort()
        })
        .finally(() => loops.delete(broker))
    while (!ended.aborted && this.#open().length > 0) {
      if (this.#topic.gone) throw this.#deleted()
      for (const broker of this.#leaders()) if (!loops.has(broker)) loops.set(broker, start(broker))
      if (loops.size === 0) await this.#noLeader(ended)
      await Promise.race([pause(pauseMs, ended), ...loops.values()])
    }
    await Promise.all(loops.values())
    if (failure !== undefined) throw failure
  }

  /** From now on reading stops at what is the end now. */
  async stopAtEnd(): Promise<void> {
    for (const { partition, offset } of await this.#admin.offsets(this.#topic.name, 'latest')) {
      const one = this.#partitions.find((each) => each.partition === partition)
      if (one !== undefined) one.end ??= offset
    }
  }

  #open(): readonly ReadPartition[] {
    return this.#partitions.filter(({ offset, end }) => end === null || offset < end)
  }

  #leaders(): Set<number> {
    const leaders = this.#open().map(({ partition }) => this.#client.view.leader(this.#topic.id, partition)?.leader)
    return new Set(leaders.filter((leader) => leader !== undefined))
  }

  #deleted(cause?: unknown): CastellanError {
    return new CastellanError('TOPIC_DELETED', `topic '${this.#topic.name}' was deleted`, { cause })
  }

  async #noLeader(signal: AbortSignal): Promise<void> {
    await this.#trouble(new CastellanError('NO_BROKER', `no partition of '${this.#topic.name}' has a leader`), signal)
  }

  /** Reads what one broker leads, until it leads nothing that is wanted. */
  async #follow(broker: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const led = this.#open().filter(({ partition }) => this.#leaderOf(partition) === broker)
      if (led.length === 0) return
      try {
        const answers = await this.#fetch(broker, led, signal)
        let wentWell = true
        for (const answer of answers) wentWell = (await this.#took(answer, signal)) && wentWell
        if (!wentWell) return
        this.#troubleSinceMs = null
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof CastellanError) || !error.retriable || error.code === 'DATA_CORRUPT') throw error
        await this.#trouble(error, signal)
        return
      }
    }
  }

  #leaderOf(partition: number): number | undefined {
    return this.#client.view.leader(this.#topic.id, partition)?.leader
  }

  async #fetch(broker: number, led: readonly ReadPartition[], signal: AbortSignal): Promise<Fetched[]> {
    const partitions = led.map(({ partition, offset }) => ({
      partition,
      currentLeaderEpoch: this.#client.view.leader(this.#topic.id, partition)?.leaderEpoch ?? -1,
      fetchOffset: offset,
      partitionMaxBytes: partitionBytesMax,
    }))
    const topics = [{ topicId: this.#topic.id, partitions }]
    const body = { maxWaitMs: waitMs, minBytes: 1, maxBytes: fetchBytesMax, topics, forgottenTopicsData: [] }
    const timeoutMs = waitMs + this.#client.requestTimeoutMs
    const answer = await this.#client.dispatch(fetch, body, { broker, timeoutMs, signal, versionMin: 13 })
    if (answer.errorCode !== 0) throw refusal(`Fetch of ${this.#topic.name}`, answer.errorCode)
    return answer.responses.flatMap((topic) => topic.partitions)
  }

  /** False: the broker does not serve this partition, and who leads has to be asked anew. */
  async #took(answer: Fetched, signal: AbortSignal): Promise<boolean> {
    const one = this.#partitions.find(({ partition }) => partition === answer.partitionIndex)
    if (one === undefined) return true
    if (answer.errorCode === errors.OFFSET_OUT_OF_RANGE.code) return await this.#skip(one)
    if (answer.errorCode !== 0) {
      await this.#trouble(refusal(`Fetch of ${this.#topic.name}/${one.partition}`, answer.errorCode), signal)
      return false
    }
    const source = { topic: this.#topic.name, topicId: this.#topic.id, partition: one.partition }
    const reader = new MessageReader(source, answer.records ?? new Uint8Array(0), one.offset, -1)
    const messages: Message[] = []
    for (let message = reader.next(); message !== undefined; message = reader.next()) {
      if (one.end === null || message.offset < one.end) messages.push(message)
    }
    if (messages.length > 0 && !signal.aborted) await this.#hooks.take(messages)
    one.offset = reader.nextOffset
    return true
  }

  async #skip(one: ReadPartition): Promise<boolean> {
    const [starts, ends] = await Promise.all([
      this.#admin.offsets(this.#topic.name, 'earliest'),
      this.#admin.offsets(this.#topic.name, 'latest'),
    ])
    const of = (all: typeof starts) => all.find(({ partition }) => partition === one.partition)?.offset ?? one.offset
    const to = one.offset < of(starts) ? of(starts) : of(ends)
    if (to !== one.offset) await this.#hooks.onSkipped(one.partition, one.offset, to)
    one.offset = to
    return true
  }

  /** Waits a moment and has the leaders asked for anew. Throws what will not go by. */
  async #trouble(error: CastellanError, signal: AbortSignal): Promise<void> {
    if (!error.retriable) throw error
    const nowMs = performance.now()
    this.#troubleSinceMs ??= nowMs
    if (nowMs - this.#troubleSinceMs >= tellAfterMs) {
      // A broker that just started may not have heard of the topic yet; not for so long.
      if (error.kafkaCode === errors.UNKNOWN_TOPIC_ID.code) throw this.#deleted(error)
      this.#troubleSinceMs = nowMs
      await this.#hooks.onTrouble(error)
    }
    this.#client.metadata.refresh()
    await pause(pauseMs, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
