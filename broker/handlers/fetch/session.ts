// What one reader fetches, and for which of it there may be news. A fetch session (KIP-227) lives on from fetch to fetch: so a fetch
// costs what changed, not what is followed; a fetch without a session has one of its own.
//
//   partition changes ─► slot listed as news ─► the fetch that waits is woken ─► it reads the listed ones
//                            ▲                                                        │ data, an error: told each time
//                            └────────────── listed again, until the reader asks on ──┘
//
// News are a queue: who had data comes last in the next answer, so that all get their turn.
import type { FetchRequest } from '@castellan/protocol'
import type { BrokerParts } from '../handler.ts'
import { type Reader, Slot } from './slot.ts'

/** Waits for news. */
export interface Waiter {
  wake(): void
  /** Another fetch of the same session came. */
  endWait(): void
}

type AskedTopics = FetchRequest['topics']

/** Of one fetch alone. */
export const noSession = 0

export class FetchSession {
  /** `noSession`, or unique among those that live. */
  readonly id: number
  readonly reader: Reader
  /** Of the fetch that it expects next. */
  nextEpoch = 1
  lastUsedMs = 0
  /** The fetch that is being answered. */
  waiter: Waiter | null = null
  readonly #broker: BrokerParts
  /** In the order of the first request; those of a session by topic and index, too. */
  readonly #slots: Slot[] = []
  readonly #places = new Map<string, Map<number, number>>()
  #news: Slot[] = []

  constructor(id: number, reader: Reader, broker: BrokerParts) {
    this.id = id
    this.reader = reader
    this.#broker = broker
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** Takes in what a request asks for; what it asks for again has another question now. */
  ask(topics: AskedTopics): void {
    for (const topic of topics) {
      for (const asked of topic.partitions) {
        const slot = this.#find(topic, asked.partition)
        slot?.ask(asked)
        this.#note(slot ?? this.#add(topic, asked))
      }
    }
  }

  /** What a follower says counts also when its turn to be read does not come. */
  #note(slot: Slot): void {
    if (this.reader.follower !== null) slot.note(this.#broker)
    this.list(slot)
  }

  #add(topic: AskedTopics[number], asked: AskedTopics[number]['partitions'][number]): Slot {
    const slot = new Slot(topic, asked, this.reader, (slot, isUrgent) => this.#onNews(slot, isUrgent))
    if (this.id !== noSession) this.#placesOf(topic).set(asked.partition, this.#slots.length)
    this.#slots.push(slot)
    // A follower's fetch must miss no append; a consumer's that has its data at once need not watch.
    if (this.id !== noSession || this.reader.follower !== null) slot.watch(this.#broker)
    return slot
  }

  forget(topics: FetchRequest['forgottenTopicsData']): void {
    for (const topic of topics) for (const index of topic.partitions) this.#remove(topic, index)
  }

  #remove(topic: { topic: string; topicId: string }, index: number): void {
    const places = this.#placesOf(topic)
    const place = places.get(index)
    if (place === undefined) return
    places.delete(index)
    const gone = this.#slots[place]!
    gone.close()
    gone.isListed = false
    this.#news = this.#news.filter((slot) => slot !== gone)
    const last = this.#slots.pop()!
    if (last === gone) return
    this.#slots[place] = last
    this.#placesOf(last).set(last.asked.partition, place)
  }

  #find(topic: { topic: string; topicId: string }, index: number): Slot | undefined {
    if (this.id === noSession) return undefined
    const place = this.#placesOf(topic).get(index)
    return place === undefined ? undefined : this.#slots[place]
  }

  #placesOf({ topic, topicId }: { topic: string; topicId: string }): Map<number, number> {
    const key = this.reader.byId ? topicId : topic
    let places = this.#places.get(key)
    if (places === undefined) {
      places = new Map()
      this.#places.set(key, places)
    }
    return places
  }

  // ---------------------------------------------------------------- news

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  list(slot: Slot): void {
    if (slot.isListed) return
    slot.isListed = true
    this.#news.push(slot)
  }

  /** Those that are listed, oldest first; from now on they are listed when something more changes. */
  takeNews(): Slot[] {
    const news = this.#news
    this.#news = []
    for (const slot of news) slot.isListed = false
    return news
  }

  #onNews(slot: Slot, isUrgent: boolean): void {
    this.list(slot)
    if (isUrgent) this.waiter?.wake()
  }

  close(): void {
    for (const slot of this.#slots) slot.close()
    this.waiter?.endWait()
  }
}
