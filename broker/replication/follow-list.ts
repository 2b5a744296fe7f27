// What one fetcher follows: which of its partitions can be asked for now, which wait, and what the leader's fetch session (KIP-227)
// has as their questions. A request names only what differs from that, so idle partitions cost nothing. No I/O and no clock: the fetcher
// says what time it is.
//
//   added ──► busy (beginning) ──► ready ──► asked ──answer──► ready
//                                    ▲                  ├────► busy (cutting, syncing) ──► ready or waiting
//                                    └── time is over ──┴────► waiting (trouble: asked again after a while)
//
// Whatever changes is noted (`change`); the next request says of it: asked anew, or no more. The leader sees to it that all get their turn.
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
}

export interface FetchLimits {
  readonly partitionBytesMax: number
}

/** What was asked of a partition. */
export interface Question {
  readonly followed: Followed
  readonly position: Position
}

type TopicAsked = FetchRequestInput['topics'][number]
type TopicForgotten = NonNullable<FetchRequestInput['forgottenTopicsData']>[number]

/** One request, as long as it has no answer. */
export interface FetchAsked {
  readonly topics: TopicAsked[]
  readonly forgotten: TopicForgotten[]
  /** Questions that later requests have changed, by partition; null: there was none. */
  readonly earlier: Map<Partition, Question | null>
}

export class FollowList {
  readonly #byPartition = new Map<Partition, Followed>()
  /** By topic id, then index: as answers name them. */
  readonly #byName = new Map<string, Map<number, Partition>>()
  readonly #waiting = new Set<Followed>()
  /** What the leader's session has. */
  readonly #questions = new Map<Partition, Question>()
  /** Partitions whose question may be another now. */
  #changed = new Set<Partition>()

  get size(): number {
    return this.#byPartition.size
  }

  add(partition: Partition): Followed {
    const followed: Followed = { partition, status: 'busy', untilMs: 0, failures: 0 }
    this.#byPartition.set(partition, followed)
    const { topicId, index } = partition
    const ofTopic = this.#byName.get(topicId) ?? new Map<number, Partition>()
    this.#byName.set(topicId, ofTopic.set(index, partition))
    this.#changed.add(partition)
    return followed
  }

  remove(partition: Partition): void {
    const followed = this.#byPartition.get(partition)
    if (followed === undefined) return
    this.#byPartition.delete(partition)
    this.#waiting.delete(followed)
    this.#changed.add(partition)
    const ofTopic = this.#byName.get(partition.topicId)
    if (ofTopic?.get(partition.index) === partition) ofTopic.delete(partition.index)
    if (ofTopic?.size === 0) this.#byName.delete(partition.topicId)
  }

  has(followed: Followed): boolean {
    return this.#byPartition.get(followed.partition) === followed
  }

  /** Its status is another, or its log went on. */
  change(followed: Followed, status: Followed['status']): void {
    followed.status = status
    if (status === 'waiting') this.#waiting.add(followed)
    else this.#waiting.delete(followed)
    this.#changed.add(followed.partition)
  }

  /** Whether something is ready that the leader was not asked for. */
  get hasNews(): boolean {
    for (const partition of this.#changed) if (this.#isNews(partition)) return true
    return false
  }

  #isNews(partition: Partition): boolean {
    const position = this.#positionOf(partition)
    return position !== null && !isSame(position, this.#questions.get(partition), this.#byPartition.get(partition))
  }

  /** Null: it cannot be asked for now. */
  #positionOf(partition: Partition): Position | null {
    return this.#byPartition.get(partition)?.status === 'ready' ? partition.following.position : null
  }

  /** Waiting ones whose time is over are ready. Returns when the next one is: infinity, none waits. */
  wake(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY
    for (const followed of [...this.#waiting]) {
      if (followed.untilMs <= nowMs) this.change(followed, 'ready')
      else nextMs = Math.min(nextMs, followed.untilMs)
    }
    return nextMs
  }

  /** The leader has no session of ours: the next request asks for everything. */
  begin(underWay: readonly FetchAsked[]): void {
    for (const { earlier } of underWay) {
      for (const [partition, question] of this.#questions) {
        if (!earlier.has(partition)) earlier.set(partition, question)
      }
    }
    this.#questions.clear()
    this.#changed = new Set(this.#byPartition.keys())
  }

  /**
   * What differs from what the session has, and is asked from now on; undefined: nothing at all is ready, and the session is of no use
   * any more. `underWay`: requests without an answer.
   */
  ask(limits: FetchLimits, underWay: readonly FetchAsked[]): FetchAsked | undefined {
    const topics = new Map<string, TopicAsked['partitions'][number][]>()
    const forgotten = new Map<string, number[]>()
    for (const partition of this.#changed) {
      const { topicId, index } = partition
      const before = this.#questions.get(partition)
      const followed = this.#byPartition.get(partition)
      const position = this.#positionOf(partition)
      if (followed === undefined || position === null) {
        // One that is busy will be heard of again.
        if (before === undefined) continue
        this.#questions.delete(partition)
        listOf(forgotten, topicId).push(index)
      } else if (isSame(position, before, followed)) {
        continue
      } else {
        this.#questions.set(partition, { followed, position })
        listOf(topics, topicId).push(wordsOf(index, position, limits))
      }
      for (const { earlier } of underWay) if (!earlier.has(partition)) earlier.set(partition, before ?? null)
    }
    this.#changed.clear()
    if (this.#questions.size === 0 && topics.size === 0) return undefined
    return {
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
      forgotten: [...forgotten].map(([topicId, partitions]) => ({ topicId, partitions })),
      earlier: new Map(),
    }
  }

  /** What the answer to `asked` is about. */
  questionOf(topicId: string, index: number, { earlier }: FetchAsked): Question | undefined {
    const partition = this.#byName.get(topicId)?.get(index)
    if (partition === undefined) return undefined
    const question = earlier.get(partition)
    return question === undefined ? this.#questions.get(partition) : (question ?? undefined)
  }
}

/** Another life of the same partition asks anew: it may have been cut meanwhile. */
function isSame(position: Position, question: Question | undefined, followed: Followed | undefined): boolean {
  if (question === undefined || question.followed !== followed) return false
  const { leaderEpoch, offset, lastEpoch, startOffset, isSynced } = question.position
  return (
    position.leaderEpoch === leaderEpoch &&
    position.offset === offset &&
    position.lastEpoch === lastEpoch &&
    position.startOffset === startOffset &&
    position.isSynced === isSynced
  )
}

function wordsOf(
  partition: number,
  { leaderEpoch, offset, lastEpoch, startOffset, isSynced }: Position,
  { partitionBytesMax }: FetchLimits,
): TopicAsked['partitions'][number] {
  return {
    partition,
    currentLeaderEpoch: leaderEpoch,
    fetchOffset: offset,
    lastFetchedEpoch: lastEpoch,
    logStartOffset: startOffset,
    partitionMaxBytes: partitionBytesMax,
    isSynced,
  }
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key)
  if (list === undefined) {
    list = []
    lists.set(key, list)
  }
  return list
}
