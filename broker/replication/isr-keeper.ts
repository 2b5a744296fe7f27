// Keeps the ISRs of the partitions that this broker leads: looks who lags and who has caught up, and asks Castle (R12). What follows
// from what is partition/leader-state.ts's.
//
//   a follower outside of an ISR fetched ┐
//   time, now and then ──────────────────┴─► who is to be in sync ─► proposed: both ISRs count ─► alterIsr ─► Castle's answer
//                                                                           ▲                        │
//                                                                           └── nobody knows ────────┘ asked again, until somebody does
//
// One call is under way at a time, for all partitions that need one: so no partition has two proposals in flight. After a call it rests:
// each change makes a new subject of its topic, and a broker that catches up with thousands of partitions, a few at a time, would
// keep everybody busy with them.
import { errors } from '@castellan/protocol'
import { type AlteredIsr, type AlterIsrArgs, checks, type Result } from '@castellan/protocol/heartbeat'
import { Complaints, type Logger, type Runtime, type Timer } from '@castellan/protocol/runtime'
import type { BrokerAddress } from '../castle/metadata.ts'
import type { IsrProposal } from '../partition/followers.ts'
import type { Partition } from '../partition/index.ts'
import { type BackOff, backOffMs } from './back-off.ts'

export interface IsrKeeperOptions {
  readonly brokerId: number
  readonly lagTimeMaxMs: number
  readonly partitions: {
    all(): Iterable<Partition>
    onOutsider(listener: (partition: Partition) => void): void
  }
  readonly metadata: { broker(id: number): BrokerAddress | undefined }
  readonly castle: {
    /** Of this process, as Castle registered it; 0: not yet. */
    readonly brokerEpoch: number
    call(method: 'alterIsr', args: AlterIsrArgs, timeoutMs: number): Promise<Result>
  }
  readonly log: Logger
}

/** Since the start. */
export interface IsrCounters {
  /** ISRs that lost members, or got some, by this broker's proposal. */
  shrinks: number
  expansions: number
  /** Proposals that Castle refused. */
  refusals: number
}

const callTimeoutMs = 2_000
const partitionsPerCall = 1_000
const failedBackOff: BackOff = { minMs: 50, maxMs: 1_000 }
/** After a call, as long as it took twice, within these. */
const restMs = { min: 20, max: 1_000 }
/** Looks in one lag time: so a follower that lags is out after a lag time and a quarter. */
const looksPerLagTime = 4

export class IsrKeeper {
  readonly counters: IsrCounters = { shrinks: 0, expansions: 0, refusals: 0 }
  readonly #runtime: Runtime
  readonly #options: IsrKeeperOptions
  readonly #complaints: Complaints
  /** Partitions whose outsiders fetched in this turn. */
  readonly #due = new Set<Partition>()
  /** What Castle was asked, or is to be, and nobody knows the answer to. */
  readonly #open = new Map<Partition, IsrProposal>()
  /** Castle refused what they proposed: until the next look they propose nothing. */
  readonly #resting = new Set<Partition>()
  /** Castle took none of several that were to join, for one of them may not: these wait until others were tried without them. */
  readonly #held = new WeakMap<Partition, ReadonlySet<number>>()
  #isDueSoon = false
  #isCalling = false
  #failures = 0
  #lookedMs: number
  /** Before it this process did not listen: nobody's silence then counts. */
  #listeningSinceMs = 0
  #lookTimer: Timer
  #sendTimer: Timer | undefined
  #isClosed = false

  constructor(runtime: Runtime, options: IsrKeeperOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#complaints = new Complaints(runtime.clock, options.log)
    this.#lookedMs = runtime.clock.nowMs()
    this.#lookTimer = this.#lookLater()
    options.partitions.onOutsider((partition) => this.#noteDue(partition))
  }

  close(): void {
    this.#isClosed = true
    this.#lookTimer.cancel()
    this.#sendTimer?.cancel()
    this.#due.clear()
    this.#open.clear()
  }

  // ---------------------------------------------------------------- looking

  get #lookEveryMs(): number {
    return this.#options.lagTimeMaxMs / looksPerLagTime
  }

  #lookLater(): Timer {
    return this.#runtime.clock.after(this.#lookEveryMs, () => this.#look())
  }

  #look(): void {
    const nowMs = this.#runtime.clock.nowMs()
    // A process that was suspended, or blocked, finds all fetches of that time unread: it doubts itself first.
    if (nowMs - this.#lookedMs > 2 * this.#lookEveryMs) this.#listeningSinceMs = nowMs
    this.#lookedMs = nowMs
    this.#lookTimer = this.#lookLater()
    this.#resting.clear()
    for (const partition of this.#options.partitions.all()) this.#check(partition, nowMs)
    this.#send()
  }

  #noteDue(partition: Partition): void {
    if (this.#isClosed) return
    this.#due.add(partition)
    if (this.#isDueSoon) return
    this.#isDueSoon = true
    this.#runtime.clock.soon(() => this.#checkDue())
  }

  #checkDue(): void {
    this.#isDueSoon = false
    const nowMs = this.#runtime.clock.nowMs()
    for (const partition of this.#due) this.#check(partition, nowMs)
    this.#due.clear()
    this.#send()
  }

  #check(partition: Partition, nowMs: number): void {
    if (partition.followers.count === 0 || this.#open.has(partition) || this.#resting.has(partition)) return
    const { lagTimeMaxMs } = this.#options
    const held = this.#held.get(partition)
    const isStaying = (id: number, epoch: number) => held?.has(id) !== true && this.#isStaying(id, epoch)
    const listeningSinceMs = this.#listeningSinceMs
    const proposal = partition.followers.proposal({ nowMs, lagTimeMaxMs, listeningSinceMs, isStaying })
    if (proposal === null) return void this.#held.delete(partition)
    partition.followers.propose(proposal)
    this.#open.set(partition, proposal)
  }

  #isStaying(id: number, brokerEpoch: number): boolean {
    const broker = this.#options.metadata.broker(id)
    return broker !== undefined && broker.brokerEpoch === brokerEpoch && broker.stopping !== true
  }

  // ---------------------------------------------------------------- asking Castle

  #send(): void {
    const { castle } = this.#options
    for (const [partition, proposal] of this.#open) {
      if (!partition.followers.isOpen(proposal)) this.#open.delete(partition)
    }
    if (this.#open.size === 0 || this.#isCalling || this.#sendTimer !== undefined || this.#isClosed) return
    if (castle.brokerEpoch === 0) return this.#retryLater()
    const asked = [...this.#open].slice(0, partitionsPerCall)
    this.#isCalling = true
    const partitions = asked.map(([partition, proposal]) => this.#words(partition, proposal))
    const args = { brokerEpoch: castle.brokerEpoch, partitions }
    const beganMs = this.#runtime.clock.nowMs()
    void castle.call('alterIsr', args, callTimeoutMs).then((result) => this.#answered(asked, result, beganMs))
  }

  #words({ topicId, index }: Partition, proposal: IsrProposal): AlterIsrArgs['partitions'][number] {
    const { leaderEpoch, partitionEpoch, isr } = proposal
    const members = isr.map((brokerId) => ({ brokerId, brokerEpoch: this.#epochOf(brokerId, proposal) }))
    return { topicId, partition: index, leaderEpoch, partitionEpoch, isr: members }
  }

  /** Of a member that has not fetched yet: as Castle has it. */
  #epochOf(id: number, { brokerEpochs }: IsrProposal): number {
    const { brokerId, castle, metadata } = this.#options
    if (id === brokerId) return castle.brokerEpoch
    const fetched = brokerEpochs.get(id) ?? -1
    return fetched >= 0 ? fetched : (metadata.broker(id)?.brokerEpoch ?? 0)
  }

  #answered(asked: readonly (readonly [Partition, IsrProposal])[], result: Result, beganMs: number): void {
    this.#isCalling = false
    if (this.#isClosed) return
    const answers = answersIn(result)
    if (answers === undefined) {
      // It may be done, or not: both ISRs count until somebody says.
      const { errorCode, message } = result
      const fields = { partitions: asked.length, errorCode, reason: message }
      this.#complaints.say('isr', fields, 'Castle does not answer who is in sync; it is asked again')
      return this.#retryLater()
    }
    const before = { ...this.counters }
    for (const [at, [partition, proposal]] of asked.entries()) this.#take(partition, proposal, answers[at])
    this.#tell(before)
    // Castle's answer is about something else: a defect, and nobody knows.
    if (asked.some(([partition, proposal]) => this.#open.get(partition) === proposal)) return this.#retryLater()
    this.#failures = 0
    const tookMs = this.#runtime.clock.nowMs() - beganMs
    this.#sendAfter(Math.min(restMs.max, Math.max(restMs.min, 2 * tookMs)))
  }

  #take(partition: Partition, proposal: IsrProposal, answer: AlteredIsr['partitions'][number] | undefined): void {
    if (this.#open.get(partition) !== proposal) return
    const isOurs = answer?.topicId === partition.topicId && answer.partition === partition.index
    if (answer === undefined || !isOurs) return
    this.#open.delete(partition)
    if (!partition.followers.isOpen(proposal)) return
    const { topic, index, leaderEpoch, followers } = partition
    const { errorCode, state } = answer
    const fields = { topic, partition: index, leaderEpoch, from: followers.isr, to: proposal.isr, errorCode }
    this.#options.log.debug(fields, 'Castle heard who is in sync')
    if (errorCode !== 0) this.counters.refusals++
    else if (proposal.isr.length > followers.isr.length) this.counters.expansions++
    else this.counters.shrinks++
    if (errorCode !== 0) this.#resting.add(partition)
    if (errorCode === errors.INELIGIBLE_REPLICA.code) this.#hold(partition, proposal)
    followers.answered(state)
  }

  /** All of a proposal or nothing is set: whoever may not join (its log lacks something, say) must not keep out those that may. */
  #hold(partition: Partition, { isr }: IsrProposal): void {
    const joining = isr.filter((id) => id !== this.#options.brokerId && !partition.followers.isr.includes(id))
    const tried = joining[Math.floor(this.#runtime.random.next() * joining.length)]
    this.#held.set(partition, new Set(joining.length === 1 ? joining : joining.filter((id) => id !== tried)))
  }

  #tell(before: IsrCounters): void {
    const shrinks = this.counters.shrinks - before.shrinks
    const expansions = this.counters.expansions - before.expansions
    const refusals = this.counters.refusals - before.refusals
    if (shrinks + expansions > 0)
      this.#options.log.info({ shrinks, expansions, refusals }, 'other replicas are in sync')
  }

  #retryLater(): void {
    this.#failures++
    this.#sendAfter(backOffMs(failedBackOff, this.#failures, this.#runtime.random))
  }

  #sendAfter(delayMs: number): void {
    this.#sendTimer ??= this.#runtime.clock.after(delayMs, () => {
      this.#sendTimer = undefined
      this.#send()
    })
  }
}

/** Undefined: it says nothing for certain. */
function answersIn({ errorCode, value }: Result): AlteredIsr['partitions'] | undefined {
  return errorCode === 0 && checks.alteredIsr.is(value) ? value.partitions : undefined
}
