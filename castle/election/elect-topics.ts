// Elections for all partitions that something concerns: a broker came, went, stops, or reported a fault, a newer epoch or where its logs end.
// One topic is one subject, so it gets one new version however many of its partitions changed.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Loss, Topic } from '../state/entities.ts'
import { topicsOf } from '../state/state.ts'
import { type Electorate, elect } from './election.ts'
import { type Rules, rulesOf } from './rules.ts'
import { Standings } from './standing.ts'
import { electUnclean, type UncleanOutcome } from './unclean.ts'

export interface Occasion {
  readonly cluster: string
  /** Look at partitions with a replica there only. */
  readonly brokerId?: number
  /** It is a new process of that broker. */
  readonly reborn?: boolean
  /** Its logs may lack what they had (R8). */
  readonly unclean?: boolean
  /** Look at these topics only. */
  readonly topicIds?: ReadonlySet<string>
}

/** What came of it; `inWords` says it. */
export interface Elected {
  /** Partitions whose leader or leader epoch changed. */
  partitions: number
  /** Those that have no leader now. */
  leaderless: number
  /** Partitions where only the ISR changed. */
  isrChanges: number
  /** Leaders that may lack what was acknowledged. */
  losses: number
  /** Names. */
  readonly topics: string[]
}

/** Losses that a topic keeps; the last one's number counts all. */
const lossesMax = 100

export function electFor(draft: Draft, reports: BrokerReports, occasion: Occasion): Elected {
  const { cluster, topicIds } = occasion
  const elected: Elected = { partitions: 0, leaderless: 0, isrChanges: 0, losses: 0, topics: [] }
  const standings = new Standings(draft, reports)
  for (const topic of topicIds === undefined ? [...topicsOf(draft, cluster)] : topicsById(draft, topicIds)) {
    if (topic.deleted || topic.cluster !== cluster || isInDoubt(topic)) continue
    electTopic(draft, new Electing(topic, reports, standings, occasion), elected)
  }
  return elected
}

function topicsById(draft: Draft, topicIds: ReadonlySet<string>): Topic[] {
  return [...topicIds].flatMap((id) => draft.get('topic', id) ?? [])
}

function electTopic(draft: Draft, electing: Electing, elected: Elected): void {
  const { topic } = electing
  let after: PartitionState[] | undefined
  const losses: Loss[] = []
  for (const [index, before] of topic.partitions.entries()) {
    if (!electing.concerns(before)) continue
    const next = electing.partition(index, before, (outcome) => {
      const { from, messagesMax, state } = outcome
      const number = (topic.losses?.at(-1)?.number ?? 0) + losses.length + 1
      const { leader: to, leaderEpoch } = state
      losses.push({ number, partition: index, atMs: draft.wallMs, from, to, leaderEpoch, messagesMax })
    })
    if (next === before) continue
    if (next.leaderEpoch === before.leaderEpoch) elected.isrChanges += 1
    else elected.partitions += 1
    if (next.leader === -1 && before.leader !== -1) elected.leaderless += 1
    after ??= [...topic.partitions]
    after[index] = next
  }
  if (after === undefined) return
  const changed: Topic = { ...topic, partitions: after, version: draft.nextVersion() }
  draft.put('topic', losses.length === 0 ? changed : withLosses(changed, losses))
  elected.losses += losses.length
  elected.topics.push(topic.name)
}

export function withLosses(topic: Topic, losses: readonly Loss[]): Topic {
  return { ...topic, losses: [...(topic.losses ?? []), ...losses].slice(-lossesMax) }
}

type UncleanElected = Extract<UncleanOutcome, { kind: 'elected' }>

/** One topic's partitions, as this occasion finds them. */
class Electing {
  readonly topic: Topic
  readonly #reports: BrokerReports
  readonly #standings: Standings
  readonly #occasion: Occasion
  readonly #rules: (partition: PartitionState) => Rules

  constructor(topic: Topic, reports: BrokerReports, standings: Standings, occasion: Occasion) {
    this.topic = topic
    this.#reports = reports
    this.#standings = standings
    this.#occasion = occasion
    this.#rules = rulesOf(topic)
  }

  concerns({ replicas }: PartitionState): boolean {
    const { brokerId } = this.#occasion
    return brokerId === undefined || replicas.includes(brokerId)
  }

  /** The same object where nothing has to change. */
  partition(index: number, before: PartitionState, onLoss: (outcome: UncleanElected) => void): PartitionState {
    const electorate = this.#electorate(index, before)
    const next = elect(before, electorate) ?? before
    // A leader that is just gone may still be followed: its replicas are asked to report first.
    if (next.leader !== -1 || before.leader !== -1) return next
    const outcome = electUnclean(next, {
      ...electorate,
      logEnd: (id) => this.#reports.logEnd(id, this.topic.topicId, index),
      allowed: electorate.rules.electsUnclean ? 'by-topic' : 'never',
    })
    if (outcome.kind !== 'elected') return next
    onLoss(outcome)
    return outcome.state
  }

  #electorate(index: number, before: PartitionState): Electorate {
    const { topicId } = this.topic
    const { brokerId, reborn, unclean } = this.#occasion
    return {
      standing: (id) => this.#standings.of(id, topicId, index),
      highestEpoch: this.#reports.highestEpoch(before.replicas, topicId, index),
      rules: this.#rules(before),
      ...(reborn === true && brokerId !== undefined ? { reborn: brokerId } : {}),
      ...(unclean === true && brokerId !== undefined ? { unclean: brokerId } : {}),
    }
  }
}

export function inWords({ partitions, topics, leaderless, isrChanges, losses }: Elected): string {
  const parts: string[] = []
  if (partitions > 0) parts.push(`elected ${counted(partitions, 'partition')} of ${counted(topics.length, 'topic')}`)
  if (leaderless > 0) parts.push(`${leaderless} of them ${leaderless === 1 ? 'has' : 'have'} no leader now`)
  if (isrChanges > 0)
    parts.push(`changed the ISR of ${counted(isrChanges, `${partitions > 0 ? 'other ' : ''}partition`)}`)
  if (losses > 0) parts.push(`${counted(losses, 'leader')} may lack what was acknowledged`)
  return parts.join(', ') || 'no election needed'
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
