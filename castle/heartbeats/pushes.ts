// Hints to heartbeat now, for sessions that something changed for. All changes of one turn are one hint; brokers are told
// first, and crowds in slices with a spread, so that neither this event loop nor the answers to come stand still.
//
// Who leads now cannot wait for that: such subjects go out at once, in an answer to no heartbeat, which senders take in as one that came
// late. Whoever gets it heartbeats within the spread to say so.
//
// A hint is never kept for a reader that is slow: the next heartbeat repairs what it would have said.
import type { Push } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import type { SubjectText } from '../state/subjects.ts'
import type { Session } from './session.ts'

/** A link with more than this unsent gets no hints. */
const unsentBytesMax = 64 * 1024
const sliceMax = 500
const keysMax = 1_000
/** Subjects sent at once are no longer than this together, for each session; what is longer comes by heartbeat. */
const newsCharsMax = { broker: 1024 * 1024, client: 32 * 1024 }
/** Up to this many heartbeat at once; a larger crowd comes at this rate. */
const atOnceMax = 1_000
const crowdPerMs = 25

interface Waiting {
  readonly keys: Set<string>
  /** By key. */
  readonly news: Map<string, SubjectText>
}

export class Pushes {
  readonly #clock: Clock
  readonly #castleEpoch: () => number
  /** The beginning of an answer, up to the number of the heartbeat that it answers. */
  readonly #head: (kind: Session['kind']) => string
  readonly #waiting = { broker: new Map<Session, Waiting>(), client: new Map<Session, Waiting>() }
  #coming = false
  /** The last list and its text: a change that concerns a crowd is one text for all. */
  #lastKeys = ''
  #lastText = ''
  sent = 0
  dropped = 0

  constructor(clock: Clock, castleEpoch: () => number, head: (kind: Session['kind']) => string) {
    this.#clock = clock
    this.#castleEpoch = castleEpoch
    this.#head = head
  }

  /** `news`: the subject itself, when it cannot wait. */
  add(session: Session, key: string, news?: SubjectText): void {
    if (session.link === undefined) return
    const all = this.#waiting[session.kind]
    let waiting = all.get(session)
    if (waiting === undefined) {
      waiting = { keys: new Set(), news: new Map() }
      all.set(session, waiting)
    }
    if (waiting.keys.size < keysMax) waiting.keys.add(key)
    if (news !== undefined) waiting.news.set(key, news)
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
    for (const [session, waiting] of this.#waiting.broker) this.#send(session, waiting, 0)
    this.#waiting.broker.clear()
    const crowd = this.#waiting.client.size
    const withinMs = crowd <= atOnceMax ? 0 : Math.ceil(crowd / crowdPerMs)
    let left = sliceMax
    for (const [session, waiting] of this.#waiting.client) {
      if (left-- === 0) return
      this.#waiting.client.delete(session)
      this.#send(session, waiting, withinMs)
    }
  }

  #send(session: Session, { keys, news }: Waiting, withinMs: number): void {
    const { link } = session
    // Answered since, and holding everything: nothing to hint at.
    if (link === undefined || (!session.dirty && session.directives.size === 0)) return
    if (link.bufferedBytes > unsentBytesMax) {
      this.dropped += 1
      return
    }
    this.sent += 1
    // The hint first: it says how much time there is for the heartbeat that follows.
    link.send(this.#textFor(keys, withinMs))
    // A new process leads nothing before it is registered (R5): until then only its answers tell it anything.
    const isKnown = session.kind === 'client' || session.brokerEpoch > 0
    if (isKnown && news.size > 0) this.#sendNews(session, news)
  }

  #sendNews({ link, kind, report }: Session, news: ReadonlyMap<string, SubjectText>): void {
    const texts: string[] = []
    let chars = 0
    for (const { key, version, text } of news.values()) {
      if ((report.holds[key] ?? -1) >= version || chars + text.length > newsCharsMax[kind]) continue
      chars += text.length
      texts.push(text)
    }
    // No heartbeat has the number 0.
    if (texts.length > 0) link?.send(`${this.#head(kind)}0,"subjects":[${texts.join(',')}]}`)
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
