// Reads partitions of a topic straight from their leaders, without a group: nothing joins, and nothing is left behind.
//
//   for each leader, one loop:  its partitions ──► where they start and end ──► one long Fetch ──► messages, in order, to `take` ──► again
//
// A leader that moved, died or says no is asked about anew; the loops follow. A partition that nobody leads holds up no other: it is
// told of, and read once it has a leader. What has expired meanwhile is skipped, and told.
import { errors, fetch, type ResponseOf } from '@castellan/protocol'
import {
  askOffsets,
  CastellanError,
  earliest,
  type KafkaClient,
  latest,
  type Message,
  MessageReader,
  refusal,
  type TopicView,
} from '@castellan/sdk/kafka'
import { Troubles } from './troubles.ts'
import type { Place } from './when.ts'

export interface LogReaderHooks {
  /** Messages of one partition in order; the next ones wait until this resolves. */
  take(messages: readonly Message[]): Promise<unknown>
  /** What was to be read is gone: reading goes on at `to`. */
  onSkipped(partition: number, from: number, to: number): Promise<void>
  /** The brokers have not answered for some seconds. */
  onTrouble(error: CastellanError): Promise<void>
}

interface ReadPartition {
  readonly partition: number
  /** The next to read; null: its leader has not said yet. */
  offset: number | null
  /** Where to stop; null: nowhere, or its leader has not said yet. */
  end: number | null
}

type Placed = ReadPartition & { offset: number }
type Fetched = ResponseOf<typeof fetch>['responses'][number]['partitions'][number]

const waitMs = 500
const partitionBytesMax = 2 ** 20
const fetchBytesMax = 8 * 2 ** 20
const pauseMs = 200

export class LogReader {
  readonly #client: KafkaClient
  readonly #topic: TopicView
  readonly #from: Place
  readonly #partitions: readonly ReadPartition[]
  readonly #hooks: LogReaderHooks
  readonly #troubles: Troubles
  #stopsAtEnd = false

  constructor(
    client: KafkaClient,
    topic: TopicView,
    { partitions, from }: { partitions: readonly number[]; from: Place },
    hooks: LogReaderHooks,
  ) {
    this.#client = client
    this.#topic = topic
    this.#from = from
    const offset = from.kind === 'offset' ? from.offset : null
    this.#partitions = partitions.map((partition) => ({ partition, offset, end: null }))
    this.#hooks = hooks
    this.#troubles = new Troubles(hooks.onTrouble)
  }

  /** Something is not read at the moment, as no broker serves it, or has not said yet where to begin. */
  get isInTrouble(): boolean {
    return this.#troubles.any || this.#partitions.some(({ offset }) => offset === null)
  }

  /** From now on reading stops at what is the end now. */
  stopAtEnd(): void {
    this.#stopsAtEnd = true
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
      await this.#leaderless(ended)
      await Promise.race([pause(pauseMs, ended), ...loops.values()])
    }
    await Promise.all(loops.values())
    if (failure !== undefined) throw failure
  }

  #open(): readonly ReadPartition[] {
    return this.#partitions.filter(({ offset, end }) => offset === null || end === null || offset < end)
  }

  #leaders(): Set<number> {
    const leaders = this.#open().map(({ partition }) => this.#leaderOf(partition))
    return new Set(leaders.filter((leader) => leader !== undefined))
  }

  #leaderOf(partition: number): number | undefined {
    return this.#client.view.leader(this.#topic.id, partition)?.leader
  }

  #deleted(cause?: unknown): CastellanError {
    return new CastellanError('TOPIC_DELETED', `topic '${this.#topic.name}' was deleted`, { cause })
  }

  async #leaderless(signal: AbortSignal): Promise<void> {
    const without = this.#open().filter(({ partition }) => this.#leaderOf(partition) === undefined)
    if (without.length === 0) return this.#troubles.over('nobody')
    const names = without.map(({ partition }) => partition).join(',')
    await this.#trouble('nobody', new CastellanError('NO_BROKER', `nobody leads ${this.#topic.name}/${names}`), signal)
  }

  /** Reads what one broker leads, until it leads nothing that is wanted. */
  async #follow(broker: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const led = this.#open().filter(({ partition }) => this.#leaderOf(partition) === broker)
      if (led.length === 0) return this.#troubles.over(broker)
      try {
        const failures: CastellanError[] = []
        const placed = await this.#placed(led, failures, signal)
        const answers = placed.length === 0 ? [] : await this.#fetch(broker, placed, signal)
        for (const answer of answers) await this.#took(answer, failures, signal)
        // One partition's trouble comes last, when all others had their turn.
        const failure = failures.find(({ retriable }) => !retriable) ?? failures[0]
        if (failure !== undefined) throw failure
        this.#troubles.over(broker)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof CastellanError) || !error.retriable || error.code === 'DATA_CORRUPT') throw error
        return await this.#trouble(broker, error, signal)
      }
    }
  }

  /** Those of them that have something to read, once their leader has said where they start and end. */
  async #placed(led: readonly ReadPartition[], failures: CastellanError[], signal: AbortSignal): Promise<Placed[]> {
    // The end first: what comes in between is younger than any time asked for, and is not missed.
    const unplaced = led.filter(({ offset }) => offset === null)
    const endless = led.filter(({ end }) => end === null && this.#stopsAtEnd)
    const isTime = this.#from.kind === 'time'
    const asked = isTime ? [...new Set([...unplaced, ...endless])] : endless
    const ends = await this.#offsets(asked, latest, failures, signal)
    const starts = await this.#offsets(unplaced, startOf(this.#from), failures, signal)
    for (const one of endless) one.end = ends.get(one) ?? null
    for (const [one, start] of starts) one.offset = start === -1 ? (ends.get(one) ?? null) : start
    return led.filter(
      (one): one is Placed => one.offset !== null && (one.end === null ? !this.#stopsAtEnd : one.offset < one.end),
    )
  }

  /** Of those partitions whose leader says so; what the others say goes to `failures`. */
  async #offsets(
    partitions: readonly ReadPartition[],
    at: number,
    failures: CastellanError[],
    signal: AbortSignal,
  ): Promise<Map<ReadPartition, number>> {
    const found = new Map<ReadPartition, number>()
    if (partitions.length === 0) return found
    const { name: topic, id: topicId } = this.#topic
    const queries = partitions.map(({ partition }) => ({ topic, topicId, partition, at }))
    const answers = await askOffsets(this.#client, queries, { timeoutMs: this.#client.requestTimeoutMs, signal })
    for (const [index, one] of partitions.entries()) {
      const answer = answers[index]!
      if (answer instanceof CastellanError) failures.push(answer)
      else found.set(one, answer.offset)
    }
    return found
  }

  async #fetch(broker: number, placed: readonly Placed[], signal: AbortSignal): Promise<Fetched[]> {
    const partitions = placed.map(({ partition, offset }) => ({
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

  /** What the broker refuses goes to `failures`: who leads has to be asked anew. */
  async #took(answer: Fetched, failures: CastellanError[], signal: AbortSignal): Promise<void> {
    const one = this.#partitions.find(({ partition }) => partition === answer.partitionIndex)
    if (one === undefined || one.offset === null) return
    if (answer.errorCode === errors.OFFSET_OUT_OF_RANGE.code) {
      return await this.#skip(one, one.offset, failures, signal)
    }
    if (answer.errorCode !== 0) {
      failures.push(refusal(`Fetch of ${this.#topic.name}/${one.partition}`, answer.errorCode))
      return
    }
    const source = { topic: this.#topic.name, topicId: this.#topic.id, partition: one.partition }
    const reader = new MessageReader(source, answer.records ?? new Uint8Array(0), one.offset, -1)
    const messages: Message[] = []
    for (let message = reader.next(); message !== undefined; message = reader.next()) {
      if (one.end === null || message.offset < one.end) messages.push(message)
    }
    if (messages.length > 0 && !signal.aborted) await this.#hooks.take(messages)
    one.offset = reader.nextOffset
  }

  async #skip(one: ReadPartition, from: number, failures: CastellanError[], signal: AbortSignal): Promise<void> {
    const start = (await this.#offsets([one], earliest, failures, signal)).get(one)
    const end = (await this.#offsets([one], latest, failures, signal)).get(one)
    if (start === undefined || end === undefined) return // asked again with the next Fetch
    const to = from < start ? start : end
    if (to !== from) await this.#hooks.onSkipped(one.partition, from, to)
    one.offset = to
  }

  /** Waits a moment and has the leaders asked for anew. Throws what will not go by. */
  async #trouble(source: number | 'nobody', error: CastellanError, signal: AbortSignal): Promise<void> {
    const lasts = await this.#troubles.add(source, error)
    // A broker that just started may not have heard of the topic yet; not for so long.
    if (lasts && error.kafkaCode === errors.UNKNOWN_TOPIC_ID.code) throw this.#deleted(error)
    this.#client.metadata.refresh()
    await pause(pauseMs, signal)
  }
}

/** As ListOffsets says it. */
function startOf(from: Place): number {
  if (from.kind === 'time') return from.ms
  return from.kind === 'earliest' ? earliest : latest
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
