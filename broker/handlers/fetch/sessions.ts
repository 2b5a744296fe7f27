// The fetch sessions of a broker (KIP-227). Bounded: a reader that gets none (id 0) goes on with whole fetches. Followers always get
// one, and have one each: when a broker opens another, its older one is over.
import { errors, type FetchRequest } from '@castellan/protocol'
import type { BrokerParts } from '../handler.ts'
import { FetchSession, noSession } from './session.ts'
import type { Reader } from './slot.ts'

/** Kafka's max.incremental.fetch.session.cache.slots and min.incremental.fetch.session.eviction.ms. */
const consumersMax = 1_000
const idleMs = 120_000
/** Partitions of all consumers' sessions: about a kilobyte each. */
const slotsMax = 100_000
const idMax = 2 ** 31 - 1

const wholeFetch = -1
const newSession = 0

export type Opened = { readonly session: FetchSession; readonly isWhole: boolean } | { readonly errorCode: number }

export class FetchSessions {
  /** Least recently used first. */
  readonly #consumers = new Map<number, FetchSession>()
  readonly #followers = new Map<number, FetchSession>()
  /** By the id of the follower's broker. */
  readonly #sessionOfFollower = new Map<number, FetchSession>()
  #slots = 0

  get count(): number {
    return this.#consumers.size + this.#followers.size
  }

  /** Partitions in them, of consumers. */
  get slots(): number {
    return this.#slots
  }

  /** The session that a request is for, which has taken in what it asks; or why there is none. */
  open(broker: BrokerParts, request: FetchRequest, reader: Reader): Opened {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch > newSession) return this.#goOn(broker, request, reader)
    // A client that begins anew has no use for its old session.
    if (sessionId !== noSession) this.#close(this.#find(sessionId))
    const id = sessionEpoch === wholeFetch ? noSession : this.#newId(broker, request, reader)
    const session = new FetchSession(id, reader, broker)
    session.ask(request.topics)
    if (id !== noSession) this.#add(session, broker.runtime.clock.nowMs())
    return { session, isWhole: true }
  }

  #goOn(broker: BrokerParts, request: FetchRequest, reader: Reader): Opened {
    const session = this.#find(request.sessionId)
    if (session === undefined) return { errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code }
    const { follower, byId } = session.reader
    // The id of somebody else's session: ids are guessed, or from before a restart.
    const isSame = follower?.id === reader.follower?.id && follower?.brokerEpoch === reader.follower?.brokerEpoch
    if (!isSame) return { errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code }
    if (byId !== reader.byId) return { errorCode: errors.FETCH_SESSION_TOPIC_ID_ERROR.code }
    if (request.sessionEpoch !== session.nextEpoch) return { errorCode: errors.INVALID_FETCH_SESSION_EPOCH.code }
    session.nextEpoch = session.nextEpoch === idMax ? 1 : session.nextEpoch + 1
    session.waiter?.endWait()
    const slotsBefore = session.slots.length
    session.forget(request.forgottenTopicsData)
    if (follower !== null && reader.follower !== null) follower.presence.fetchedMs = reader.follower.presence.fetchedMs
    session.ask(request.topics)
    if (follower !== null) return { session, isWhole: false }
    this.#slots += session.slots.length - slotsBefore
    this.#consumers.delete(session.id)
    this.#consumers.set(session.id, session)
    session.lastUsedMs = broker.runtime.clock.nowMs()
    if (this.#slots <= slotsMax) return { session, isWhole: false }
    this.#close(session)
    return { errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code }
  }

  #find(id: number): FetchSession | undefined {
    return this.#consumers.get(id) ?? this.#followers.get(id)
  }

  /** `noSession` when there is no room for another. */
  #newId({ runtime }: BrokerParts, { topics }: FetchRequest, { follower }: Reader): number {
    if (follower === null) {
      const slots = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      this.#closeIdle(runtime.clock.nowMs())
      if (slots === 0 || this.#consumers.size >= consumersMax || this.#slots + slots > slotsMax) return noSession
    } else {
      const older = this.#sessionOfFollower.get(follower.id)
      // A late word of an earlier process must not end the session of the later one.
      if (older !== undefined && older.reader.follower!.brokerEpoch > follower.brokerEpoch) return noSession
      this.#close(older)
    }
    for (;;) {
      const id = 1 + Math.floor(runtime.random.next() * (idMax - 1))
      if (this.#find(id) === undefined) return id
    }
  }

  #add(session: FetchSession, nowMs: number): void {
    const { follower } = session.reader
    session.lastUsedMs = nowMs
    if (follower === null) {
      this.#consumers.set(session.id, session)
      this.#slots += session.slots.length
    } else {
      this.#followers.set(session.id, session)
      this.#sessionOfFollower.set(follower.id, session)
    }
  }

  #closeIdle(nowMs: number): void {
    for (const session of this.#consumers.values()) {
      if (nowMs - session.lastUsedMs < idleMs) return
      if (session.waiter === null) this.#close(session)
    }
  }

  #close(session: FetchSession | undefined): void {
    if (session === undefined) return
    const { follower } = session.reader
    if (this.#consumers.delete(session.id)) this.#slots -= session.slots.length
    this.#followers.delete(session.id)
    if (follower !== null && this.#sessionOfFollower.get(follower.id) === session)
      this.#sessionOfFollower.delete(follower.id)
    session.close()
  }
}
