// The member's heartbeat at the coordinator (KIP-848): claim, renewal and release of partitions, apart from all handlers, so
// that one that takes minutes keeps its partitions.
//
//   heartbeat ─> assignment ─> owner of this class starts and stops partitions ─> `changed()` ─> heartbeat ...
//
// The session counts from the moment of sending (heartbeat.md, Time): so this side stops before the coordinator gives away.
import { consumerGroupHeartbeat, type ResponseOf } from '@castellan/protocol'
import { type Deadline, deadlineIn, type Timer } from '@castellan/protocol/runtime'
import { type Backoff, backoffMs } from '../backoff.ts'
import { CastellanError, messageOf, refusal } from '../errors.ts'
import { newStop } from '../stop.ts'
import type { GroupClient } from './group-client.ts'
import { byTopic, heartbeatVerdict, type TopicPartition } from './membership.ts'
import { type ConsumerOptions, topicNames } from './options.ts'

type HeartbeatResponse = ResponseOf<typeof consumerGroupHeartbeat>
export type Target = NonNullable<HeartbeatResponse['assignment']>['topicPartitions']

export interface MemberHooks {
  /** All that this member may hold now. */
  readonly onTarget: (target: Target) => void
  /** The group does not know this member any more: everything is another's. */
  readonly onLost: (reason: string) => void
  /** The session ran out here; it may still be alive at the coordinator. */
  readonly onSessionOver: () => void
  /** After an answer that counts. */
  readonly onRenewed: () => void
  readonly onFatal: (error: CastellanError) => void
  /** What counts as its own: coming, read, or on the way out. */
  readonly claimed: () => readonly TopicPartition[]
}

/** Client-made member ids. */
const versionMin = 1
const firstIntervalMs = 1_000
/** Until the coordinator has told it: less than any group's that is not set to be very short. */
const sessionUnknown = { ms: 5_000, intervals: 3, asks: 5 }
/** Beyond the time that handlers get: to abandon them, to commit, and a session, in which an answer may be late. */
const rebalanceMarginMs = 30_000
const leaveTimeoutMs = 2_000
const backoff: Backoff = { initialMs: 50, multiplier: 2, maxMs: 1_000, jitter: 0.4 }

export class Member {
  readonly #group: GroupClient
  readonly #options: ConsumerOptions
  readonly #hooks: MemberHooks
  readonly #stop = newStop()
  #intervalMs = firstIntervalMs
  #isRunning: Promise<void> | null = null
  #wake: () => void = () => {}
  /** The next heartbeat may come early; not after a failure, whose back-off stands. */
  #isHasty = false
  #isWanted = false
  #rejoins = 0
  /** Send everything, not only what changed. */
  #isFull = true
  /** What the coordinator has heard that we claim. */
  #reported = ''
  #leaseTimer: Timer | null = null
  /** The group's session timeout at the coordinator; 0: not known. */
  #sessionMs: number
  #sessionAsks = 0

  constructor(group: GroupClient, options: ConsumerOptions, hooks: MemberHooks) {
    this.#group = group
    this.#options = options
    this.#hooks = hooks
    this.#sessionMs = options.sessionTimeoutMs
  }

  start(): void {
    this.#isRunning ??= this.#loop()
  }

  /** Heartbeats at once: something was given up, or the coordinator has news. */
  changed(): void {
    this.#isWanted = true
    if (this.#isHasty) this.#wake()
  }

  /** Leaves the group, when it can be told quickly; else its session runs out there. Never throws. */
  async leave(): Promise<void> {
    this.#stop.abort(new CastellanError('CLOSED', 'the consumer was closed'))
    this.#leaseTimer?.cancel()
    this.#wake()
    await this.#isRunning
    const { group, memberId, memberEpoch } = this.#group
    if (memberEpoch <= 0) return
    try {
      const body = { groupId: group, memberId, memberEpoch: -1 }
      await this.#group.heartbeat(consumerGroupHeartbeat, body, { timeoutMs: leaveTimeoutMs, versionMin })
    } catch (error) {
      this.#group.client.log.info({ group, error: messageOf(error) }, 'left the group without telling it')
    }
    this.#group.memberEpoch = 0
    this.#group.session.end()
  }

  // ------------------------------------------------------------ the loop

  async #loop(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      this.#isWanted = false
      const trouble = await this.#heartbeat()
      if (signal.aborted) return
      failures = trouble === null ? 0 : failures + 1
      if (trouble !== null) this.#complain(trouble, failures)
      const waitMs = failures === 0 ? this.#intervalMs : backoffMs(backoff, failures, this.#group.client.runtime.random)
      await this.#wait(waitMs, failures === 0)
    }
  }

  /** Null: it counts. Otherwise why it does not. */
  async #heartbeat(): Promise<string | null> {
    const { clock } = this.#group.client.runtime
    const lease = deadlineIn(
      clock,
      this.#sessionMs || Math.max(sessionUnknown.ms, sessionUnknown.intervals * this.#intervalMs),
    )
    const claimed = this.#hooks.claimed()
    const reported = JSON.stringify(byTopic(claimed))
    try {
      const timeoutMs = Math.max(firstIntervalMs, this.#intervalMs)
      const options = { timeoutMs, signal: this.#stop.signal, versionMin }
      const answer = await this.#group.heartbeat(consumerGroupHeartbeat, this.#bodyOf(claimed, reported), options)
      return this.#answered(answer, lease, reported)
    } catch (error) {
      this.#isFull = true
      if (error instanceof CastellanError && error.code === 'VERSION_UNSUPPORTED') this.#hooks.onFatal(error)
      return messageOf(error)
    }
  }

  #bodyOf(claimed: readonly TopicPartition[], reported: string) {
    const { group, memberId, memberEpoch } = this.#group
    const { rack, revokeTimeoutMs } = this.#options
    const partitions = Object.entries(byTopic(claimed)).map(([topicId, indexes]) => ({ topicId, partitions: indexes }))
    const isFull = this.#isFull || memberEpoch === 0
    return {
      groupId: group,
      memberId,
      memberEpoch,
      rackId: rack === '' ? null : rack,
      rebalanceTimeoutMs: isFull ? revokeTimeoutMs + rebalanceMarginMs : -1,
      subscribedTopicNames: isFull ? topicNames(this.#options).sort() : null,
      topicPartitions: isFull || reported !== this.#reported ? partitions : null,
    }
  }

  #answered(answer: HeartbeatResponse, lease: Deadline, reported: string): string | null {
    const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment } = answer
    const error =
      errorCode === 0
        ? null
        : refusal(`ConsumerGroupHeartbeat of '${this.#group.group}'`, errorCode, errorMessage, 'GROUP_REFUSED')
    switch (heartbeatVerdict(errorCode, error?.retriable ?? false)) {
      case 'ok':
        this.#isFull = false
        this.#rejoins = 0
        // An assignment wants to be confirmed, also one that changes nothing here: a coordinator that lost its last steps in a
        // power loss waits to hear that we hold no more than that.
        this.#reported = assignment === null ? reported : ''
        if (heartbeatIntervalMs > 0) this.#intervalMs = heartbeatIntervalMs
        this.#group.memberEpoch = memberEpoch
        this.#renew(lease)
        if (assignment !== null) this.#hooks.onTarget(assignment.topicPartitions)
        this.#hooks.onRenewed()
        if (this.#sessionMs === 0 && this.#sessionAsks++ < sessionUnknown.asks) void this.#learnSession()
        return null
      case 'rejoin':
        this.#isFull = true
        this.#group.memberEpoch = 0
        this.#group.session.end()
        this.#hooks.onLost(error!.message)
        this.#isWanted = true
        // At once, but not for ever.
        return this.#rejoins++ === 0 ? null : error!.message
      case 'elsewhere':
        this.#isFull = true
        this.#group.forgetCoordinator()
        return error!.message
      case 'again':
        this.#isFull = true
        return error!.message
      case 'refused':
        this.#hooks.onFatal(error!)
        return error!.message
    }
  }

  // ------------------------------------------------------------ time

  #renew(lease: Deadline): void {
    this.#group.session.renew(lease)
    this.#leaseTimer?.cancel()
    this.#watchLease(lease)
  }

  /** Node's timers come up to 2 ms early: a lease that is not over then has to be looked at again, or no handler is ever told. */
  #watchLease(lease: Deadline): void {
    const { clock } = this.#group.client.runtime
    this.#leaseTimer = clock.after(Math.max(0, Math.ceil(lease.nowMs - clock.nowMs())), () => {
      const { session } = this.#group
      if (session.lease !== lease) return
      if (session.isValid) this.#watchLease(lease)
      else this.#hooks.onSessionOver()
    })
  }

  async #learnSession(): Promise<void> {
    const { client, group } = this.#group
    try {
      const options = { timeoutMs: this.#options.requestTimeoutMs, signal: this.#stop.signal }
      this.#sessionMs = (await this.#group.askSessionMs(options)) ?? 0
    } catch (error) {
      client.log.debug({ group, error: messageOf(error) }, "the group's session timeout is not known yet")
    }
  }

  #wait(waitMs: number, isHasty: boolean): Promise<void> {
    const { clock } = this.#group.client.runtime
    if (isHasty && this.#isWanted) return Promise.resolve()
    this.#isHasty = isHasty
    return new Promise((resolve) => {
      const timer = clock.after(waitMs, () => this.#wake())
      this.#wake = () => {
        timer.cancel()
        this.#isHasty = false
        resolve()
      }
    })
  }

  #complain(trouble: string, failures: number): void {
    const { client, group } = this.#group
    const fields = { group, error: trouble, failures }
    if (failures % 10 === 3)
      client.log.warn(fields, "the group's coordinator does not answer; partitions are kept while the session lasts")
    else client.log.debug(fields, "the group's coordinator does not answer")
  }
}
