// Who leads and who is in sync, as brokers and people ask for it, and as time brings it about: each is one change of the state, answered
// when it is on disk. What follows from the life of brokers is decided in brokers/.
import type { AlteredIsr, AlterIsrArgs, ElectLeadersArgs, PartitionOutcomes } from '@castellan/protocol/heartbeat'
import type { Clock, Logger } from '@castellan/protocol/runtime'
import type { BrokerReports } from '../brokers/reports.ts'
import { CastleError } from '../errors.ts'
import type { AppliedChange, Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import type { Broker, Topic } from '../state/entities.ts'
import { alterIsr } from './alter-isr.ts'
import { electAsked, electPreferred } from './asked.ts'
import { electFor, inWords } from './elect-topics.ts'
import { Preferences } from './preferences.ts'

export interface ElectionsOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
  readonly clock: Clock
  readonly log: Logger
  readonly leaderRebalanceDelayMs: number
}

/** Preferred leaders that lead again in one sweep: each is a short pause for its clients. */
const backPerSweepMax = 500

export class Elections {
  readonly #options: ElectionsOptions
  readonly #preferences: Preferences
  #bringingBack = false

  constructor(options: ElectionsOptions) {
    this.#options = options
    this.#preferences = new Preferences(options.leaderRebalanceDelayMs)
  }

  /** A leader proposes who is in sync. Rejects with a CastleError when nothing could be written. */
  async alterIsr(brokerId: number, args: AlterIsrArgs): Promise<AlteredIsr> {
    const { changes, reports } = this.#options
    const altered = await changes.change((draft) => alterIsr(draft, reports, brokerId, args))
    // A leader that stops has found somebody who can take over.
    const broker = changes.state.get('broker', String(brokerId))
    if (broker?.stopping === true) this.#do((draft) => relieve(draft, reports, broker, args))
    return altered
  }

  /** People ask for elections (KIP-460). */
  elect(cluster: string, args: ElectLeadersArgs): Promise<PartitionOutcomes> {
    const { changes, reports } = this.#options
    return changes.change((draft) => electAsked(draft, reports, cluster, args))
  }

  /** About once a second. */
  sweep(): void {
    if (this.#bringingBack) return
    const { changes, reports, clock } = this.#options
    const due = this.#preferences.due(changes.state, clock.nowMs(), backPerSweepMax)
    if (due.size === 0) return
    this.#bringingBack = true
    this.#do((draft) => electPreferred(draft, reports, due)).finally(() => {
      this.#bringingBack = false
    })
  }

  onApplied({ change, before }: AppliedChange): void {
    if (change.entity === null || before === undefined) return
    if (change.kind === 'broker' && hasFallen(change.entity, before as Broker)) {
      this.#preferences.fell(change.entity.id, this.#options.clock.nowMs())
    }
    if (change.kind === 'topic' && mayElectNow(change.entity, before as Topic)) this.#electTopic(change.entity)
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

function relieve(draft: Draft, reports: BrokerReports, { id, cluster }: Broker, { partitions }: AlterIsrArgs): void {
  const topicIds = new Set(partitions.map(({ topicId }) => topicId))
  const elected = electFor(draft, reports, { cluster, brokerId: id, topicIds })
  if (elected.topics.length === 0) return
  const what = `broker ${id} is relieved; ${inWords(elected)}`
  draft.decide({ kind: 'election', what, why: 'it stops, and others are in sync now', about: [`broker/${id}`] })
}

function hasFallen(broker: Broker, before: Broker): boolean {
  if (before.stopping === true || !before.up) return false
  return !broker.up || broker.incarnation !== before.incarnation
}

function mayElectNow(topic: Topic, before: Topic): boolean {
  if (topic.deleted || (topic.configs === before.configs && topic.ackLevel === before.ackLevel)) return false
  return topic.partitions.some(({ leader }) => leader === -1)
}
