// What the handlers of a test's services did: which messages they work on now, which are done, how often they failed and why.
import { messageOf } from './errors.ts'
import { realNowMs } from './simulator/real.ts'

/** Where a message stands; a message that a handler gets is one, too. */
export interface MessagePlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** What one group's handlers did with one message. */
export interface Handled {
  readonly group: string
  /** The service that had it last. */
  readonly service: string
  /** How often a handler was called with it, in all services of the group. */
  readonly attempts: number
  /** What the last failed attempt said; null: none failed. */
  readonly error: string | null
  readonly isDone: boolean
}

/** A handler at work: on one message, or on a batch. */
export interface Invocation {
  readonly service: string
  readonly group: string
  readonly messages: readonly MessagePlace[]
  readonly sinceRealMs: number
}

type Entry = { -readonly [Field in keyof Handled]: Handled[Field] }

/** The oldest are forgotten. */
const messagesMax = 100_000

export class History {
  /** By message, then by group. */
  readonly #messages = new Map<string, Map<string, Entry>>()
  readonly #running = new Set<Invocation>()

  get running(): readonly Invocation[] {
    return [...this.#running]
  }

  begin(service: string, group: string, messages: readonly MessagePlace[]): Invocation {
    const invocation = { service, group, messages, sinceRealMs: realNowMs() }
    this.#running.add(invocation)
    for (const message of messages) {
      const entry = this.#entry(message, group)
      entry.service = service
      entry.attempts += 1
    }
    return invocation
  }

  done(invocation: Invocation): void {
    if (!this.#running.delete(invocation)) return
    for (const message of invocation.messages) this.#entry(message, invocation.group).isDone = true
  }

  failed(invocation: Invocation, error: unknown): void {
    if (!this.#running.delete(invocation)) return
    for (const message of invocation.messages) this.#entry(message, invocation.group).error = messageOf(error)
  }

  /** The process of a service is gone, and what its handlers still do counts no more. */
  died(service: string): void {
    for (const invocation of this.#running) if (invocation.service === service) this.#running.delete(invocation)
  }

  /** By each group that has begun with it. */
  of(message: MessagePlace): readonly Handled[] {
    return [...(this.#messages.get(keyOf(message))?.values() ?? [])]
  }

  #entry(message: MessagePlace, group: string): Entry {
    const key = keyOf(message)
    let groups = this.#messages.get(key)
    if (groups === undefined) {
      groups = new Map()
      this.#messages.set(key, groups)
      if (this.#messages.size > messagesMax) this.#forgetOldest()
    }
    let entry = groups.get(group)
    if (entry === undefined) {
      entry = { group, service: '', attempts: 0, error: null, isDone: false }
      groups.set(group, entry)
    }
    return entry
  }

  #forgetOldest(): void {
    for (const key of this.#messages.keys()) {
      this.#messages.delete(key)
      return
    }
  }
}

function keyOf({ topic, partition, offset }: MessagePlace): string {
  return `${topic}/${partition}@${offset}`
}
