// Who leads and who is in sync, as brokers and people ask for it, and as time brings it about: each is one change of the state, answered
// when it is on disk. What follows from the life of brokers is decided in brokers/.
import { deferred, errors } from '@castellan/protocol'
import type {
  AlteredIsr,
  AlterIsrArgs,
  ElectLeadersArgs,
  HandOverArgs,
  PartitionOutcomes,
  PartitionState,
} from '@castellan/protocol/heartbeat'
import type { Clock, Logger } from '@castellan/protocol/runtime'
import type { BrokerReports } from '../brokers/reports.ts'
import { CastleError } from '../errors.ts'
import type { AppliedChange, Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import type { Broker, Topic } from '../state/entities.ts'
import { type AskedOf, checkVersion, livingTopic } from '../topics/change.ts'
import { whyOf } from '../topics/create.ts'
import { alterIsr } from './alter-isr.ts'
import { drawElection, type ElectionPlan, electAsked, electPreferred } from './asked.ts'
import { electFor, inWords } from './elect-topics.ts'
import { dropHandOvers, HandOverTimes, handOver } from './hand-over.ts'
import { Preferences } from './preferences.ts'

export interface ElectionsOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
  readonly clock: Clock
  readonly log: Logger
  readonly leaderRebalanceDelayMs: number
}

export interface ElectionOf {
  readonly type: ElectLeadersArgs['type']
  /** Left out: all that it could help. */
  readonly partitions?: readonly number[]
  /** Whether this is what a person was shown: nothing else is done. Left out: nobody was shown anything, and no damaged log counts (R9). */
  readonly isShown?: (plan: ElectionPlan) => boolean
}

/** Preferred leaders that lead again in one sweep: each is a short pause for its clients. */
const backPerSweepMax = 500
/** A leader hands over within tens of ms; one that has not after this, and up to a sweep, goes on. */
const handOverMaxMs = 1_000
/** Longer than a hand-over and a sweep. */
const askedMaxMs = 4_000

export class Elections {
  readonly #options: ElectionsOptions
  readonly #preferences: Preferences
  readonly #handOverTimes = new HandOverTimes(handOverMaxMs)
  /** People who wait for leaders to hand over. */
  readonly #waiting = new Set<() => void>()
  #isSweeping = false

  constructor(options: ElectionsOptions) {
    this.#options = options
    this.#preferences = new Preferences(options.leaderRebalanceDelayMs)
  }

  /** A leader proposes who is in sync. Rejects with a CastleError when nothing could be written. */
  async alterIsr(brokerId: number, args: AlterIsrArgs): Promise<AlteredIsr> {
    const { changes, reports } = this.#options
    const altered = await changes.change((draft) => alterIsr(draft, reports, brokerId, args))
    // A leader that stops, or has a full disk, has found somebody who can take over.
    const broker = changes.state.get('broker', String(brokerId))
    if (broker?.stopping === true || broker?.full === true)
      this.#do((draft) => relieve(draft, reports, broker, idsOf(args)))
    return altered
  }

  /** A leader says that its partitions can be led by those that are next. Rejects with a CastleError when nothing could be written. */
  handOver(brokerId: number, args: HandOverArgs): Promise<AlteredIsr> {
    const { changes, reports } = this.#options
    return changes.change((draft) => handOver(draft, reports, brokerId, args))
  }

  /** People ask for elections (KIP-460). Resolves when leaders that are to hand over have done so, or will not. */
  elect(cluster: string, args: ElectLeadersArgs): Promise<PartitionOutcomes> {
    const { changes, reports } = this.#options
    return this.#handedOver(
      cluster,
      args.type,
      changes.change((draft) => electAsked(draft, reports, cluster, args)),
    )
  }

  /** People ask for those of one topic, as they saw it. Rejects with a CastleError: the topic is not there, or another by now. */
  electOf(
    cluster: string,
    name: string,
    { type, partitions, isShown }: ElectionOf,
    asked: AskedOf = {},
  ): Promise<PartitionOutcomes> {
    const { changes, reports } = this.#options
    const elected = changes.change((draft) => {
      const topic = livingTopic(draft, cluster, name)
      checkVersion(topic, asked)
      const indexes = partitions ?? wantingOne(topic, type)
      const named = indexes.map((partition) => ({ topic: name, partition }))
      if (isShown?.(drawElection(draft, reports, topic, type, indexes)) === false) throw outdated(name)
      const salvages = isShown !== undefined
      return electAsked(draft, reports, cluster, { type, partitions: named }, { why: whyOf(asked), salvages })
    })
    return this.#handedOver(cluster, type, elected)
  }

  /** The outcomes once leaders that are to hand over have done so, or will not. */
  async #handedOver(
    cluster: string,
    type: ElectLeadersArgs['type'],
    elected: Promise<PartitionOutcomes>,
  ): Promise<PartitionOutcomes> {
    const { state } = this.#options.changes
    const { partitions } = await elected
    const stateOf = ({ topic, partition }: PartitionOutcomes['partitions'][number]) =>
      state.topicNamed(cluster, topic)?.partitions[partition]
    const isBegun = (one?: PartitionState) => one?.next !== undefined || one?.salvage !== undefined
    const begun = partitions.filter((each) => each.errorCode === 0 && isBegun(stateOf(each)))
    // A long log takes longer: it leads whenever it is cut.
    if (type === 'unclean' && begun.length > 0) await this.#until(() => !begun.some((each) => isBegun(stateOf(each))))
    if (type !== 'preferred' || begun.length === 0) return { partitions }
    await this.#until(() => begun.every((each) => stateOf(each)?.next === undefined))
    const failed = begun.filter((each) => stateOf(each)?.leader !== stateOf(each)?.replicas[0])
    const errorCode = errors.PREFERRED_LEADER_NOT_AVAILABLE.code
    const message = 'the leader did not hand over in time: try again'
    return { partitions: partitions.map((each) => (failed.includes(each) ? { ...each, errorCode, message } : each)) }
  }

  /** For so long as a hand-over can take. */
  async #until(condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve } = deferred<void>()
    const look = () => condition() && resolve()
    this.#waiting.add(look)
    const timer = this.#options.clock.after(askedMaxMs, resolve)
    await promise
    timer.cancel()
    this.#waiting.delete(look)
  }

  /** What `electOf` would do, for whoever is shown that. */
  plan(topic: Topic, { type, partitions }: ElectionOf): ElectionPlan {
    const { changes, reports } = this.#options
    return drawElection(changes.state, reports, topic, type, partitions ?? wantingOne(topic, type))
  }

  /** About once a second: what takes too long is dropped; else preferred leaders come back, and what a broker leads that stops, or has a full disk, is moved. */
  sweep(): void {
    if (this.#isSweeping) return
    const { changes, reports, clock } = this.#options
    const overdue = this.#handOverTimes.overdue(changes.state, clock.nowMs())
    const due = this.#preferences.due(changes.state, clock.nowMs(), backPerSweepMax)
    const stopping = overdue.size > 0 ? [] : [...changes.state.all('broker')].filter(isToBeRelieved)
    if (overdue.size + due.size + stopping.length === 0) return
    this.#isSweeping = true
    this.#do((draft) => {
      dropHandOvers(draft, overdue)
      electPreferred(draft, reports, due)
      for (const broker of stopping) relieve(draft, reports, broker)
    }).finally(() => {
      this.#isSweeping = false
    })
  }

  onApplied({ change, before }: AppliedChange): void {
    if (change.entity === null || before === undefined) return
    if (change.kind === 'broker' && hasFallen(change.entity, before as Broker)) {
      this.#preferences.fell(change.entity.id, this.#options.clock.nowMs())
    }
    if (change.kind !== 'topic') return
    if (mayElectNow(change.entity, before as Topic)) this.#electTopic(change.entity)
    for (const look of [...this.#waiting]) look()
  }

  /** What the topic allows has changed, and some partition has waited for that. */
  #electTopic({ topicId, cluster, name }: Topic): void {
    const { reports } = this.#options
    this.#do((draft) => {
      const elected = electFor(draft, reports, { cluster, topicIds: new Set([topicId]) })
      if (elected.topics.length === 0) return
      const about = [`topic/${topicId}`]
      draft.decide({ kind: 'election', what: inWords(elected), why: `the settings of topic ${name} changed`, about })
    })
  }

  /** Nobody waits for these: trouble goes to the log, and what caused them is there still at the next sweep or report. */
  #do(decide: (draft: Draft) => void): Promise<void> {
    return this.#options.changes.change(decide).catch((error: unknown) => {
      if (error instanceof CastleError && error.code === 'NOT_ACTIVE') return
      this.#options.log.error({ error }, 'failed: an election')
    })
  }
}

function outdated(name: string): CastleError {
  const message = `the election for topic '${name}' would come to something else by now than the plan showed`
  const next = 'Look at the plan again (the same request with ?dryRun=true), and send the id that it shows as `plan`.'
  return new CastleError('PLAN_OUTDATED', message, { next, params: { name } })
}

/** Partitions that such an election could help. */
function wantingOne({ partitions }: Topic, type: ElectLeadersArgs['type']): number[] {
  return [...partitions.keys()].filter((index) => {
    const { leader, replicas } = partitions[index] as PartitionState
    return type === 'unclean' ? leader === -1 : leader !== replicas[0]
  })
}

/** `topicIds`: those alone. */
function relieve(draft: Draft, reports: BrokerReports, { id, cluster }: Broker, topicIds?: ReadonlySet<string>): void {
  const elected = electFor(draft, reports, { cluster, brokerId: id, ...(topicIds && { topicIds }) })
  if (elected.topics.length === 0) return
  const what = `broker ${id} is relieved; ${inWords(elected)}`
  draft.decide({
    kind: 'election',
    what,
    why: 'it stops or has a full disk, and others are in sync now',
    about: [`broker/${id}`],
  })
}

function idsOf({ partitions }: AlterIsrArgs): Set<string> {
  return new Set(partitions.map(({ topicId }) => topicId))
}

function isToBeRelieved({ up, stopping, full }: Broker): boolean {
  return up && (stopping === true || full === true)
}

function hasFallen(broker: Broker, before: Broker): boolean {
  if (before.stopping === true || !before.up) return false
  return !broker.up || broker.incarnation !== before.incarnation
}

function mayElectNow(topic: Topic, before: Topic): boolean {
  if (topic.deleted || (topic.configs === before.configs && topic.ackLevel === before.ackLevel)) return false
  return topic.partitions.some(({ leader }) => leader === -1)
}
