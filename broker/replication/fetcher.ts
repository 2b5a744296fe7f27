// Follows all partitions that one other broker leads: one connection, one Fetch after another, many partitions in each.
//
//   followers ready ──► Fetch ──► the leader waits for records ──► answer: each partition takes its part, in this turn ──► Fetch
//
// The next Fetch leaves in the turn in which the answer came: it is what acknowledges the records, so an append reaches the high
// watermark in one round trip. When something becomes ready while a Fetch waits at the leader, another one is sent behind it, and the
// leader answers the waiting one at once; so two are in flight at most. What both brought is taken once: a partition takes only what
// begins at its end. The leader keeps what it was asked in a fetch session (KIP-227); when it has lost that, all is asked again.
import { errorOf, errors, type FetchResponse, fetch, type Slab } from '@castellan/protocol'
import { ClientError, type KafkaConnection, type Lent } from '@castellan/protocol/client'
import type { Address, Timer } from '@castellan/protocol/runtime'
import { messageOf, stackOf } from '../errors.ts'
import type { Outcome } from '../partition/following.ts'
import type { Partition } from '../partition/index.ts'
import { type BackOff, backOffMs } from './back-off.ts'
import type { FetcherOptions } from './fetcher-options.ts'
import { type FetchAsked, type Followed, FollowList, type Question } from './follow-list.ts'
import { LeaderLink } from './leader-link.ts'

const MiB = 1024 * 1024
const limits = { partitionBytesMax: MiB, answerBytesMax: 10 * MiB }
const waitMs = 500
/** A leader that is silent for so long is asked on a new connection. Whether it still leads is for Castle to say. */
const timeoutMs = 5_000
const inFlightMax = 2
/** An election reaches all who it concerns within milliseconds of each other. */
const partitionBackOff: BackOff = { minMs: 10, maxMs: 1_000 }
/** Those whose time is nearly over go with those whose time is. */
const slackMs = 5
/** Answers without anything that came at once: a leader waits for records, unless another request stands behind. */
const emptyBackOff: BackOff = { minMs: 1, maxMs: 100 }
const emptyAnswersFree = 8
const sessionEpochMax = 2 ** 31 - 1
/** The leader has forgotten our session, or it is of another process: the next request begins another. */
const sessionErrors: ReadonlySet<number> = new Set([
  errors.FETCH_SESSION_ID_NOT_FOUND.code,
  errors.INVALID_FETCH_SESSION_EPOCH.code,
  errors.FETCH_SESSION_TOPIC_ID_ERROR.code,
])

/** A fetch session at the leader. */
interface Session {
  /** 0: it is being made. */
  id: number
  /** Of the next request in it. */
  epoch: number
}

export class Fetcher {
  readonly leader: number
  readonly #options: FetcherOptions
  readonly #list = new FollowList()
  readonly #link: LeaderLink
  /** Of the next request. */
  #notBeforeMs = 0
  #emptyInRow = 0
  /** Null: the next request makes one. */
  #session: Session | null = null
  readonly #inFlight = new Set<FetchAsked>()
  #timer: Timer | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #isPumping = false
  #isClosed = false

  constructor(leader: number, options: FetcherOptions) {
    this.leader = leader
    this.#options = options
    this.#link = new LeaderLink(leader, options, inFlightMax, {
      onOpen: () => this.#pump(),
      onFail: () => this.#pumpSoon(),
      onEnd: () => {
        this.#notBeforeMs = 0
        this.#inFlight.clear()
        this.#session = null
      },
    })
  }

  /** How many partitions it follows. */
  get size(): number {
    return this.#list.size
  }

  /** The leader's broker could be reached, and cannot be any more, for so long; null: all is well, as far as this broker knows. */
  get lostForMs(): number | null {
    return this.#link.lostForMs
  }

  /** Follows `partition` from now on; also when it did and its leader's epoch is new. */
  follow(partition: Partition): void {
    this.#list.remove(partition)
    const followed = this.#list.add(partition)
    this.#settle(followed, partition.following.begin())
    this.#pumpSoon()
  }

  unfollow(partition: Partition): void {
    this.#list.remove(partition)
  }

  /** Where its leader is; undefined: it is down. Another one than before, or the same in a new life: connects anew at once. */
  setAddress(address: Address | undefined): void {
    this.#link.setAddress(address)
    this.#pumpSoon()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#link.close()
  }

  // ---------------------------------------------------------------- the loop

  /** At the end of this turn: many partitions may have changed in it. */
  #pumpSoon(): void {
    if (this.#isPumping || this.#isClosed) return
    this.#isPumping = true
    this.#options.runtime.clock.soon(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  /** Sends what can be sent, and sees to it that it is called again when more can be. */
  #pump(): void {
    if (this.#isClosed || this.#list.size === 0) return
    const nowMs = this.#options.runtime.clock.nowMs()
    const nextMs = this.#list.wake(nowMs + slackMs)
    this.#wakeAt(nextMs)
    const { connection } = this.#link
    if (connection === null) {
      if (nowMs < this.#link.notBeforeMs) return this.#wakeAt(this.#link.notBeforeMs)
      return this.#link.connect()
    }
    if (nowMs < this.#notBeforeMs) return this.#wakeAt(this.#notBeforeMs)
    const { size } = this.#inFlight
    if (size >= inFlightMax || (size > 0 && !this.#list.hasNews)) return
    // One that is being made takes no further requests yet: who cannot wait makes another.
    const session = this.#session === null || this.#session.id === 0 ? null : this.#session
    if (session === null) this.#list.begin([...this.#inFlight])
    const asked = this.#list.ask(limits, [...this.#inFlight])
    if (asked === undefined) this.#session = null
    else void this.#fetch(connection, asked, session)
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = atMs
    const delayMs = Math.max(1, atMs - this.#options.runtime.clock.nowMs())
    this.#timer = this.#options.runtime.clock.after(delayMs, () => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#pump()
    })
  }

  // ---------------------------------------------------------------- asking and taking

  async #fetch(connection: KafkaConnection, asked: FetchAsked, session: Session | null): Promise<void> {
    const { runtime, brokerId, brokerEpoch, counters } = this.#options
    const sentMs = runtime.clock.nowMs()
    this.#inFlight.add(asked)
    counters.fetches++
    const current = session ?? { id: 0, epoch: 0 }
    this.#session = current
    const body = {
      replicaState: { replicaId: brokerId, replicaEpoch: brokerEpoch() },
      maxWaitMs: waitMs,
      minBytes: 1,
      maxBytes: limits.answerBytesMax,
      sessionId: current.id,
      sessionEpoch: current.epoch,
      topics: asked.topics,
      forgottenTopicsData: asked.forgotten,
      rackId: '',
    }
    current.epoch = current.epoch === sessionEpochMax ? 1 : current.epoch + 1
    let lent: Lent<FetchResponse>
    try {
      lent = await connection.borrow(fetch, body, { timeoutMs: waitMs + timeoutMs, versionMin: 17 })
    } catch (error) {
      // Whoever ended the connection knows why, and what was under way has ended with it.
      if (connection === this.#link.connection) this.#link.fail(error)
      return
    }
    if (connection === this.#link.connection) {
      this.#inFlight.delete(asked)
      const bytes = this.#takeAnswer(lent, asked, current)
      this.#calmDown(bytes, sentMs)
    }
    lent.slab.release()
    this.#pump()
  }

  /** Whatever a leader does, it is not asked in a busy loop. */
  #calmDown(bytes: number, sentMs: number): void {
    const { runtime } = this.#options
    const nowMs = runtime.clock.nowMs()
    const isUseless = bytes === 0 && nowMs - sentMs < waitMs / 2
    this.#emptyInRow = isUseless ? this.#emptyInRow + 1 : 0
    const tooMany = this.#emptyInRow - emptyAnswersFree
    if (tooMany > 0)
      this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + backOffMs(emptyBackOff, tooMany, runtime.random))
  }

  /** Returns the bytes that it brought. */
  #takeAnswer({ answer, slab }: Lent<FetchResponse>, asked: FetchAsked, session: Session): number {
    if (sessionErrors.has(answer.errorCode)) {
      if (this.#session === session) this.#session = null
      return 0
    }
    if (answer.errorCode !== 0) {
      const { name } = errorOf(answer.errorCode)
      this.#link.fail(new ClientError('PROTOCOL_BROKEN', `the leader refuses to be followed: ${name}`))
      return 0
    }
    if (session.id === 0) session.id = answer.sessionId
    this.#link.answered()
    let bytes = 0
    for (const { topicId, partitions } of answer.responses) {
      for (const partition of partitions) {
        const question = this.#list.questionOf(topicId, partition.partitionIndex, asked)
        if (question === undefined || !this.#list.has(question.followed)) continue
        bytes += partition.records?.length ?? 0
        this.#take(question, partition, slab)
      }
    }
    this.#options.counters.fetchedBytes += bytes
    return bytes
  }

  #take(
    { followed, position }: Question,
    answer: FetchResponse['responses'][number]['partitions'][number],
    slab: Slab,
  ): void {
    const { following } = followed.partition
    if (followed.status !== 'ready') return
    try {
      this.#settle(followed, following.take(position, answer, slab))
    } catch (error) {
      this.#defect(followed, error)
    }
  }

  #settle(followed: Followed, outcome: Outcome | Promise<Outcome>): void {
    if (!(outcome instanceof Promise)) return this.#note(followed, outcome)
    this.#list.change(followed, 'busy')
    outcome.then(
      (done) => {
        if (!this.#list.has(followed)) return
        this.#note(followed, done)
        this.#pumpSoon()
      },
      (error) => this.#defect(followed, error),
    )
  }

  #note(followed: Followed, outcome: Outcome): void {
    this.#list.change(followed, 'ready')
    if (outcome.kind === 'now') followed.failures = 0
    if (outcome.kind === 'stale') this.#options.counters.staleAnswers++
    if (outcome.kind === 'later') this.#later(followed, outcome.reason)
  }

  #later(followed: Followed, reason: string | null): void {
    const { runtime, complaints } = this.#options
    const { topic, index } = followed.partition
    followed.failures++
    this.#list.change(followed, 'waiting')
    followed.untilMs = runtime.clock.nowMs() + backOffMs(partitionBackOff, followed.failures, runtime.random)
    if (reason === null) return
    const fields = { leader: this.leader, topic, partition: index, failures: followed.failures, reason }
    complaints.say('follow', fields, 'a partition cannot follow its leader; it is tried again')
  }

  /** A defect of ours: the others go on, and this one is tried again. */
  #defect(followed: Followed, error: unknown): void {
    const { topic, index } = followed.partition
    this.#options.log.error({ topic, partition: index, error, stack: stackOf(error) }, 'following a leader failed')
    if (this.#list.has(followed)) this.#later(followed, messageOf(error))
    this.#pumpSoon()
  }
}
