// Keeps the ISRs of the partitions that this broker leads: looks who lags and who has caught up, and asks Castle (R12). What follows
// from what is partition/leader-state.ts's.
//
//   a follower outside of an ISR fetched ┐
//   time, now and then ──────────────────┴─► who is to be in sync ─► proposed: both ISRs count ─► alterIsr ─► Castle's answer
//                                                                           ▲                        │
//                                                                           └── nobody knows ────────┘ asked again, until somebody does
//
import { errors } from '@castellan/protocol'
import type { AlterIsrArgs, Result } from '@castellan/protocol/heartbeat'
import { Complaints, type Logger, type Runtime, type Timer } from '@castellan/protocol/runtime'
import type { BrokerAddress } from '../castle/metadata.ts'
import type { IsrProposal } from '../partition/followers.ts'
import type { Partition } from '../partition/index.ts'
import { type Answer, Questions } from './questions.ts'

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
const limits = {
  partitionsPerCall: 1_000,
  failedBackOff: { minMs: 50, maxMs: 1_000 },
  restMs: { min: 20, max: 1_000 },
}
/** Looks in one lag time: so a follower that lags is out after a lag time and a quarter. */
const looksPerLagTime = 4

export class IsrKeeper {
  readonly counters: IsrCounters = { shrinks: 0, expansions: 0, refusals: 0 }
  readonly #runtime: Runtime
  readonly #options: IsrKeeperOptions
  readonly #complaints: Complaints
  /** Partitions whose outsiders fetched in this turn. */
  readonly #due = new Set<Partition>()
  readonly #questions: Questions<IsrProposal, AlterIsrArgs['partitions'][number]>
  /** Castle refused what they proposed: until the next look they propose nothing. */
  readonly #resting = new Set<Partition>()
  /** Castle took none of several that were to join, for one of them may not: these wait until others were tried without them. */
  readonly #held = new WeakMap<Partition, ReadonlySet<number>>()
  /** The counters as they were told last. */
  #told: IsrCounters = { ...this.counters }
  #isDueSoon = false
  #lookedMs: number
  /** Before it this process did not listen: nobody's silence then counts. */
  #listeningSinceMs = 0
  #lookTimer: Timer
  #isClosed = false

  constructor(runtime: Runtime, options: IsrKeeperOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#complaints = new Complaints(runtime.clock, options.log)
    this.#questions = this.#newQuestions()
    this.#lookedMs = runtime.clock.nowMs()
    this.#lookTimer = this.#lookLater()
    options.partitions.onOutsider((partition) => this.#noteDue(partition))
  }

  close(): void {
    this.#isClosed = true
    this.#lookTimer.cancel()
    this.#questions.close()
    this.#due.clear()
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
    this.#questions.send()
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
    this.#questions.send()
  }

  #check(partition: Partition, nowMs: number): void {
    if (partition.followers.count === 0 || this.#questions.has(partition) || this.#resting.has(partition)) return
    const { lagTimeMaxMs } = this.#options
    const held = this.#held.get(partition)
    const isStaying = (id: number, epoch: number) => held?.has(id) !== true && this.#isStaying(id, epoch)
    const listeningSinceMs = this.#listeningSinceMs
    const proposal = partition.followers.proposal({ nowMs, lagTimeMaxMs, listeningSinceMs, isStaying })
    if (proposal === null) return void this.#held.delete(partition)
    partition.followers.propose(proposal)
    this.#questions.put(partition, proposal)
  }

  #isStaying(id: number, brokerEpoch: number): boolean {
    const broker = this.#options.metadata.broker(id)
    return broker !== undefined && broker.brokerEpoch === brokerEpoch && broker.stopping !== true
  }

  // ---------------------------------------------------------------- asking Castle

  #newQuestions(): Questions<IsrProposal, AlterIsrArgs['partitions'][number]> {
    const { castle } = this.#options
    return new Questions(this.#runtime, {
      ...limits,
      brokerEpoch: () => castle.brokerEpoch,
      isOpen: ({ followers }, proposal) => followers.isOpen(proposal),
      words: (partition, proposal) => this.#words(partition, proposal),
      call: (args) => castle.call('alterIsr', args, callTimeoutMs),
      isAnsweredBy: isCertain,
      take: (partition, proposal, answer) => this.#take(partition, proposal, answer),
      onTaken: () => this.#tell(),
      // It may be done, or not: both ISRs count until somebody says.
      onSilence: (fields) =>
        this.#complaints.say('isr', fields, 'Castle does not answer who is in sync; it is asked again'),
    })
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

  #take(partition: Partition, proposal: IsrProposal, answer: Answer): void {
    const { topic, index, leaderEpoch, followers } = partition
    if (!followers.isOpen(proposal) || !isCertain(proposal, answer)) return
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

  #tell(): void {
    const shrinks = this.counters.shrinks - this.#told.shrinks
    const expansions = this.counters.expansions - this.#told.expansions
    const refusals = this.counters.refusals - this.#told.refusals
    this.#told = { ...this.counters }
    if (shrinks + expansions > 0)
      this.#options.log.info({ shrinks, expansions, refusals }, 'other replicas are in sync')
  }
}

/**
 * A Castle that does not know the partition, or knows it as it was before, has a store that went back, and does not know it yet, or asks brokers
 * what they know (R14): the proposal may have been set before that, and count in the end.
 */
function isCertain({ partitionEpoch }: IsrProposal, { state }: Answer): boolean {
  return state !== undefined && state.partitionEpoch >= partitionEpoch
}
