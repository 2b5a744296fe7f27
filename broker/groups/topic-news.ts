// Which topics came and went, for groups: collected over a turn, so that each regular expression is looked at once, not for each topic.
// What changed otherwise, such as a leader, means nothing to groups.
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'

const deletedTopicsMax = 10_000

export class TopicNews {
  /** Recorded deletions, by id: a shard that is read later must hear of them, too. */
  readonly deleted = new Map<string, TopicState>()
  readonly #clock: Clock
  readonly #onNews: (topics: readonly TopicState[]) => void
  /** Ids of the topics that there are. */
  readonly #there = new Set<string>()
  #news: TopicState[] = []

  /** `onNews` is called once for all that came or went in a turn. */
  constructor(clock: Clock, onNews: (topics: readonly TopicState[]) => void) {
    this.#clock = clock
    this.#onNews = onNews
  }

  heard(topic: TopicState): void {
    if (topic.deleted) this.#keepDeleted(topic)
    else if (this.#there.has(topic.topicId)) return
    else this.#there.add(topic.topicId)
    this.#news.push(topic)
    if (this.#news.length === 1) this.#clock.soon(() => this.#tell())
  }

  #keepDeleted(topic: TopicState): void {
    this.#there.delete(topic.topicId)
    this.deleted.set(topic.topicId, topic)
    if (this.deleted.size > deletedTopicsMax) this.deleted.delete(this.deleted.keys().next().value!)
  }

  #tell(): void {
    const news = this.#news
    this.#news = []
    this.#onNews(news)
  }
}
