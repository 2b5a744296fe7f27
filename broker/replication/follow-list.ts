// What one fetcher follows: which of its partitions can be asked for now, which wait, and in which order they come into a request.
// No I/O and no clock: the fetcher says what time it is.
//
//   added ──► busy (beginning) ──► ready ──► asked ──answer──► ready
//                                    ▲                  ├────► busy (cutting, syncing) ──► ready or waiting
//                                    └── time is over ──┴────► waiting (trouble: asked again after a while)
//
// Fair: an answer has a limit of bytes, which its first partitions may use up; so the next request begins behind the last one that
// brought something.
import type { FetchRequestInput } from '@castellan/protocol'
import type { Position } from '../partition/following.ts'
import type { Partition } from '../partition/index.ts'

export interface Followed {
  readonly partition: Partition
  status: 'ready' | 'busy' | 'waiting'
  /** Of a waiting one, monotonic. */
  untilMs: number
  /** In a row. */
  failures: number
  /** What the newest request asked of it; null: it is in none. */
  asked: Position | null
}

export interface FetchLimits {
  readonly partitionBytesMax: number
}

type TopicAsked = FetchRequestInput['topics'][number]

/** What one request asked, by topic id and partition. */
export type Asked = ReadonlyMap<
  string,
  ReadonlyMap<number, { readonly followed: Followed; readonly position: Position }>
>

export class FollowList {
  /** Those of a topic stand together. */
  readonly #order: Followed[] = []
  readonly #byPartition = new Map<Partition, Followed>()
  #first = 0

  get size(): number {
    return this.#order.length
  }

  get(partition: Partition): Followed | undefined {
    return this.#byPartition.get(partition)
  }

  all(): readonly Followed[] {
    return this.#order
  }

  add(partition: Partition): Followed {
    const followed: Followed = { partition, status: 'busy', untilMs: 0, failures: 0, asked: null }
    const behind = this.#order.findLastIndex((other) => other.partition.topicId === partition.topicId)
    this.#order.splice(behind < 0 ? this.#order.length : behind + 1, 0, followed)
    this.#byPartition.set(partition, followed)
    return followed
  }

  remove(partition: Partition): void {
    const followed = this.#byPartition.get(partition)
    if (followed === undefined) return
    this.#byPartition.delete(partition)
    this.#order.splice(this.#order.indexOf(followed), 1)
    this.#first = 0
  }

  has(followed: Followed): boolean {
    return this.#byPartition.get(followed.partition) === followed
  }

  /** Whether something is ready that the newest request did not ask for. */
  get hasNews(): boolean {
    return this.#order.some(({ status, asked }) => status === 'ready' && asked === null)
  }

  /** Waiting ones whose time is over are ready. Returns when the next one is: infinity, none waits. */
  wake(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (const followed of this.#order) {
      if (followed.status !== 'waiting') continue
      if (followed.untilMs <= nowMs) followed.status = 'ready'
      else nextMs = Math.min(nextMs, followed.untilMs)
    }
    return nextMs
  }

  /** The next request's topics, and what it asks; undefined: nothing is ready. */
  ask(limits: FetchLimits): { topics: TopicAsked[]; asked: Asked } | undefined {
    const topics: TopicAsked[] = []
    const asked = new Map<string, Map<number, { followed: Followed; position: Position }>>()
    for (let step = 0; step < this.#order.length; step++) {
      const followed = this.#order[(this.#first + step) % this.#order.length]!
      const { topicId, index } = followed.partition
      const position = followed.status === 'ready' ? followed.partition.following.position : null
      followed.asked = position
      if (position === null) continue
      if (topics.at(-1)?.topicId !== topicId) topics.push({ topicId, partitions: [] })
      const partitions = topics.at(-1)!.partitions as TopicAsked['partitions'][number][]
      partitions.push({
        partition: index,
        currentLeaderEpoch: position.leaderEpoch,
        fetchOffset: position.offset,
        lastFetchedEpoch: position.lastEpoch,
        logStartOffset: position.startOffset,
        partitionMaxBytes: limits.partitionBytesMax,
      })
      const ofTopic = asked.get(topicId) ?? new Map<number, { followed: Followed; position: Position }>()
      asked.set(topicId, ofTopic.set(index, { followed, position }))
    }
    return topics.length === 0 ? undefined : { topics, asked }
  }

  /** `followed` was the last one that brought something in an answer that was full. */
  beginBehind(followed: Followed): void {
    const at = this.#order.indexOf(followed)
    if (at >= 0) this.#first = (at + 1) % this.#order.length
  }
}
