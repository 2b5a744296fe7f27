// Hints to heartbeat now, for sessions that something changed for. All changes of one turn are one hint; brokers are told
// first, and crowds in slices with a spread, so that neither this event loop nor the answers to come stand still.
//
// A hint is never kept for a reader that is slow: the next heartbeat repairs what it would have said.
import type { Push } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { Session } from './session.ts'

/** A link with more than this unsent gets no hints. */
const unsentBytesMax = 64 * 1024
const sliceMax = 500
const keysMax = 1_000
/** Up to this many heartbeat at once; a larger crowd comes at this rate. */
const atOnceMax = 1_000
const crowdPerMs = 25

export class Pushes {
  readonly #clock: Clock
  readonly #castleEpoch: () => number
  readonly #waiting = { broker: new Map<Session, Set<string>>(), client: new Map<Session, Set<string>>() }
  #coming = false
  /** The last list and its text: a change that concerns a crowd is one text for all. */
  #lastKeys = ''
  #lastText = ''
  sent = 0
  dropped = 0

  constructor(clock: Clock, castleEpoch: () => number) {
    this.#clock = clock
    this.#castleEpoch = castleEpoch
  }

  add(session: Session, key: string): void {
    if (session.link === undefined) return
    const waiting = this.#waiting[session.kind]
    const keys = waiting.get(session)
    if (keys === undefined) waiting.set(session, new Set([key]))
    else if (keys.size < keysMax) keys.add(key)
    this.#sendSoon()
  }

  forget(session: Session): void {
    this.#waiting[session.kind].delete(session)
  }

  #sendSoon(): void {
    if (this.#coming) return
    this.#coming = true
    this.#clock.soon(() => {
      this.#coming = false
      this.#sendSlice()
      if (this.#waiting.client.size > 0) this.#sendSoon()
    })
  }

  #sendSlice(): void {
    for (const [session, keys] of this.#waiting.broker) this.#send(session, keys, 0)
    this.#waiting.broker.clear()
    const crowd = this.#waiting.client.size
    const withinMs = crowd <= atOnceMax ? 0 : Math.ceil(crowd / crowdPerMs)
    let left = sliceMax
    for (const [session, keys] of this.#waiting.client) {
      if (left-- === 0) return
      this.#waiting.client.delete(session)
      this.#send(session, keys, withinMs)
    }
  }

  #send(session: Session, keys: ReadonlySet<string>, withinMs: number): void {
    const { link } = session
    // Answered since, and holding everything: nothing to hint at.
    if (link === undefined || (!session.dirty && session.directives.size === 0)) return
    if (link.bufferedBytes > unsentBytesMax) {
      this.dropped += 1
      return
    }
    this.sent += 1
    link.send(this.#textFor(keys, withinMs))
  }

  #textFor(keys: ReadonlySet<string>, withinMs: number): string {
    const castleEpoch = this.#castleEpoch()
    const sameAs = `${castleEpoch} ${withinMs} ${[...keys].join()}`
    if (this.#lastKeys !== sameAs) {
      this.#lastKeys = sameAs
      this.#lastText = JSON.stringify({ type: 'push', castleEpoch, subjects: [...keys], withinMs } satisfies Push)
    }
    return this.#lastText
  }
}
