// What a member subscribes to by regular expression (KIP-848, since ConsumerGroupHeartbeat 1). Patterns come from the
// network, so they run in linear time (RE2, as in Kafka), and a topic's name has to match as a whole.
import { RE2JS, RE2JSException } from 're2js'

const patternLengthMax = 1_000
const cachedMax = 1_000
/** What a pattern matches is kept with its member, as one record, which has to fit a batch. */
const matchedCharactersMax = 256 * 1024

/** Are these few enough for one member? */
export function fits(names: readonly string[]): boolean {
  return names.reduce((sum, name) => sum + name.length, 0) <= matchedCharactersMax
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
    return fits(names) ? { topics: names.sort() } : { problem: `it matches ${names.length} topics, which are too many` }
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
