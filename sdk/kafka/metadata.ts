// Keeps the view of the cluster fresh: asks any broker for the topics that somebody uses. On demand, one request at a time
// whoever asks, with back-off, and every few minutes by itself for what nobody notices (a topic that grew).
import { errors, metadata as metadataApi, type RequestInput, type ResponseOf, zeroUuid } from '@castellan/protocol'
import type { Timer } from '@castellan/protocol/runtime'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { CastellanError, isRetriable, messageOf, refusal } from '../errors.ts'
import type { KafkaClient } from './client.ts'
import type { TopicUpdate, TopicView } from './view.ts'

type MetadataResponse = ResponseOf<typeof metadataApi>

const ageMaxMs = 5 * 60_000
/** Who asks again and again for what does not come is answered less and less often, until nobody asked for a while. */
const calmMs = 5_000
/** How long a topic that does not exist is waited for: brokers hear of a new one with some delay. */
const missingGraceMs = 3_000
/** Metadata by topic id works from here on. */
const versionMin = 12

export class Metadata {
  readonly #client: KafkaClient
  readonly #names = new Set<string>()
  readonly #ids = new Set<string>()
  /** Names that do not exist, and since when we know that. */
  readonly #missing = new Map<string, number>()
  /** Names whose topic brokers refuse to tell. */
  readonly #refused = new Map<string, CastellanError>()
  #wanted = false
  #underWay = false
  #failures = 0
  /** Requests that followed each other soon. */
  #streak = 0
  /** Before the next one on demand, or after a failure. */
  #pauseMs = 0
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: Timer | null = null
  #closed = false
  #lastError: unknown = null

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /** Why the last request failed; null: it did not. */
  get lastError(): unknown {
    return this.#lastError
  }

  /** Asks again soon; until an answer comes, whatever fails. The view's listeners hear of it. */
  refresh(): void {
    if (this.#closed) return
    this.#wanted = true
    this.#schedule()
  }

  /** From now on the topic is kept fresh. */
  use(name: string): void {
    if (this.#names.has(name)) return
    this.#names.add(name)
    this.refresh()
  }

  /** Resolves the name of a topic id, in the view. */
  useId(topicId: string): void {
    if (this.#client.view.topicById(topicId) !== undefined || this.#ids.has(topicId)) return
    this.#ids.add(topicId)
    this.refresh()
  }

  /** Castle says that these topics do not exist. */
  tellMissing(names: readonly string[]): void {
    for (const name of names) this.#miss(name)
  }

  /**
   * The topic, once it is known. Throws TOPIC_UNKNOWN when a broker or Castle says that there is none (for three seconds,
   * because a new topic is not known everywhere at once), REFUSED, CLOSED, and REQUEST_TIMEOUT when nobody could say.
   */
  topic(name: string, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<TopicView> {
    this.use(name)
    const { clock } = this.#client.runtime
    const { signal } = options
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const finish = (settle: () => void) => {
        stopWatching()
        timeout.cancel()
        again?.cancel()
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = () => finish(() => reject(signal?.reason))
      const look = () => {
        const topic = this.#client.view.topic(name)
        if (topic !== undefined) return finish(() => resolve(topic))
        const problem = this.#problemOf(name)
        if (problem !== null) {
          this.#forget(name)
          return finish(() => reject(problem))
        }
        again?.cancel()
        again = clock.after(requestBackoff.maxMs / 4, () => {
          this.refresh()
          look()
        })
      }
      let again: Timer | undefined
      const timeout = clock.after(options.timeoutMs, () => {
        const text = `nobody could tell within ${options.timeoutMs} ms whether topic '${name}' exists`
        finish(() => reject(new CastellanError('REQUEST_TIMEOUT', text, { cause: this.#lastError ?? undefined })))
      })
      const stopWatching = this.#client.view.onChange(look)
      signal?.addEventListener('abort', onAbort, { once: true })
      look()
    })
  }

  /** Resolves when a broker is known. Throws NO_BROKER after `timeoutMs`. */
  whenKnown(timeoutMs: number): Promise<void> {
    this.refresh()
    const { view, runtime } = this.#client
    return new Promise((resolve, reject) => {
      const timeout = runtime.clock.after(timeoutMs, () => {
        stopWatching()
        const cause = this.#lastError ?? undefined
        const why =
          cause === undefined ? ': whoever took a connection said nothing of brokers' : `: ${messageOf(cause)}`
        reject(new CastellanError('NO_BROKER', `no broker answered within ${timeoutMs} ms${why}`, { cause }))
      })
      const stopWatching = view.onChange(() => {
        if (view.brokers.size === 0) return
        stopWatching()
        timeout.cancel()
        resolve()
      })
    })
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  // ------------------------------------------------------------ inside

  #problemOf(name: string): CastellanError | null {
    if (this.#closed) return new CastellanError('CLOSED', 'this client was closed')
    const since = this.#missing.get(name)
    if (since !== undefined && this.#client.runtime.clock.nowMs() - since >= missingGraceMs) {
      return new CastellanError('TOPIC_UNKNOWN', `there is no topic '${name}'`)
    }
    return this.#refused.get(name) ?? null
  }

  /** Names may come from anywhere: one that is no topic's is not kept. */
  #forget(name: string): void {
    this.#names.delete(name)
    this.#missing.delete(name)
    this.#refused.delete(name)
  }

  #miss(name: string): void {
    if (!this.#missing.has(name)) this.#missing.set(name, this.#client.runtime.clock.nowMs())
  }

  #schedule(): void {
    if (this.#closed || this.#underWay) return
    this.#timer?.cancel()
    const { clock } = this.#client.runtime
    const waitMs = this.#wanted || this.#failures > 0 ? this.#pauseMs : ageMaxMs
    this.#timer = clock.after(Math.max(0, this.#lastMs + waitMs - clock.nowMs()), () => void this.#ask())
  }

  async #ask(): Promise<void> {
    const isCalm = this.#client.runtime.clock.nowMs() - this.#lastMs >= calmMs
    this.#streak = isCalm ? 1 : this.#streak + 1
    this.#wanted = false
    this.#underWay = true
    try {
      await this.#askByName()
      if (this.#ids.size > 0) await this.#askById()
      this.#failures = 0
      this.#lastError = null
    } catch (error) {
      this.#failures++
      this.#lastError = error
      const log = isRetriable(error) ? this.#client.log.debug : this.#client.log.warn
      log.call(
        this.#client.log,
        { error: messageOf(error), failures: this.#failures },
        'no broker could tell about the cluster',
      )
    } finally {
      const { clock, random } = this.#client.runtime
      this.#underWay = false
      this.#lastMs = clock.nowMs()
      this.#pauseMs = backoffMs(requestBackoff, Math.max(this.#failures, this.#streak), random)
      this.#schedule()
    }
  }

  async #askByName(): Promise<void> {
    const names = [...this.#names]
    const answer = await this.#dispatch({
      topics: names.map((name) => ({ topicId: zeroUuid, name })),
      allowAutoTopicCreation: false,
    })
    for (const { name, errorCode } of answer.topics) if (name !== null) this.#note(name, errorCode)
    this.#tell(answer)
  }

  /** By itself, because Kafka does not look at names in a request that has ids. */
  async #askById(): Promise<void> {
    const topics = [...this.#ids].map((topicId) => ({ topicId, name: null }))
    const answer = await this.#dispatch({ topics, allowAutoTopicCreation: false })
    for (const { name, topicId, errorCode } of answer.topics) {
      if (name === null || (errorCode !== 0 && errorCode !== errors.LEADER_NOT_AVAILABLE.code)) continue
      this.#ids.delete(topicId)
      this.#names.add(name)
    }
    this.#tell(answer)
    // Not known there yet: back-off decides when to ask again.
    if (this.#ids.size > 0) throw refusal('Metadata of a topic id', errors.UNKNOWN_TOPIC_ID.code)
  }

  #dispatch(body: RequestInput<typeof metadataApi>): Promise<MetadataResponse> {
    return this.#client.dispatch(metadataApi, body, { versionMin })
  }

  #note(name: string, errorCode: number): void {
    if (errorCode === errors.UNKNOWN_TOPIC_OR_PARTITION.code) return this.#miss(name)
    this.#missing.delete(name)
    if (errorCode === 0 || errorCode === errors.LEADER_NOT_AVAILABLE.code) return void this.#refused.delete(name)
    const error = refusal(`Metadata of topic '${name}'`, errorCode)
    if (!error.retriable) this.#refused.set(name, error)
  }

  #tell(answer: MetadataResponse): void {
    const brokers = answer.brokers.map(({ nodeId, host, port, rack }) => ({ id: nodeId, host, port, rack }))
    const topics: TopicUpdate[] = []
    for (const { topicId, name, partitions } of answer.topics) {
      if (name === null || topicId === zeroUuid || partitions.length === 0) continue
      topics.push({
        id: topicId,
        name,
        partitions: partitions.map(({ partitionIndex, leaderId, leaderEpoch }) => ({
          partition: partitionIndex,
          leader: leaderId,
          leaderEpoch,
        })),
      })
    }
    this.#client.view.tellMetadata(brokers, topics)
  }
}
