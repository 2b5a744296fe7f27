// What a member subscribes to by regular expression (KIP-848, since ConsumerGroupHeartbeat 1). Patterns come from the
// network, so they run in linear time (RE2, as in Kafka), and a topic's name has to match as a whole.
import { RE2JS, RE2JSException } from 're2js'

const patternLengthMax = 1_000
const cachedMax = 1_000
/** As many as a report may name for one member (protocol/heartbeat/reports.ts). */
export const subscribedTopicsMax = 10_000
/** What a member names, and what its pattern matches, is kept as one record, which has to fit a batch. */
export const subscribedCharactersMax = 512 * 1024

/** Are these few enough for one member? Names that are in both count once, as in its subscription. */
export function fits(topicNames: readonly string[], regexTopics: readonly string[]): boolean {
  if (charactersOf(topicNames, regexTopics) > subscribedCharactersMax) return false
  if (topicNames.length + regexTopics.length <= subscribedTopicsMax) return true
  return new Set([...topicNames, ...regexTopics]).size <= subscribedTopicsMax
}

export function charactersOf(...lists: readonly (readonly string[])[]): number {
  return lists.reduce((sum, names) => names.reduce((ofList, name) => ofList + name.length, sum), 0)
}

export interface NamedTopic {
  readonly name: string
  readonly internal: boolean
}

/** Matches patterns, compiled once each as long as they are in use. */
export class Subscriptions {
  readonly #compiled = new Map<string, RE2JS>()

  /** Why `pattern` cannot be used; null: it can. */
  problemOf(pattern: string): string | null {
    if (pattern.length > patternLengthMax) return `it is longer than ${patternLengthMax} characters`
    try {
      this.#compile(pattern)
      return null
    } catch (error) {
      if (error instanceof RE2JSException) return error.message
      throw error
    }
  }

  /** Does it subscribe to this topic? Never to internal ones, which have to be named. */
  matches(pattern: string, topic: NamedTopic): boolean {
    return !topic.internal && this.#compile(pattern).matches(topic.name)
  }

  /** The names of the topics that `pattern` subscribes to, sorted; or why it cannot be used. */
  resolve(pattern: string, topics: Iterable<NamedTopic>): { topics: string[] } | { problem: string } {
    const problem = this.problemOf(pattern)
    if (problem !== null) return { problem }
    const names = [...topics].filter((topic) => this.matches(pattern, topic)).map(({ name }) => name)
    return { topics: names.sort() }
  }

  #compile(pattern: string): RE2JS {
    const known = this.#compiled.get(pattern)
    if (known) return known
    const compiled = RE2JS.compile(pattern)
    // Anyone may send new patterns for ever; the oldest is compiled again if it is still in use.
    if (this.#compiled.size >= cachedMax) this.#compiled.delete(this.#compiled.keys().next().value!)
    this.#compiled.set(pattern, compiled)
    return compiled
  }
}
