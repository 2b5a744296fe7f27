// Elections for all partitions that something concerns: a broker came, went, stops, or reported a fault, a newer epoch or where its logs end.
// One topic is one subject, so it gets one new version however many of its partitions changed.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Loss, Topic } from '../state/entities.ts'
import { topicsOf } from '../state/state.ts'
import { elect } from './election.ts'
import { Electorates } from './electorates.ts'
import { nextLoss, type UncleanElected, withLosses } from './losses.ts'
import { Standings } from './standing.ts'
import { electUnclean } from './unclean.ts'

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
  /** Partitions that are to be handed over to another leader. */
  handOvers: number
  /** Partitions where only the ISR changed. */
  isrChanges: number
  /** Leaders that may lack what was acknowledged. */
  losses: number
  /** Names. */
  readonly topics: string[]
}

export function electFor(draft: Draft, reports: BrokerReports, occasion: Occasion): Elected {
  const { cluster, topicIds } = occasion
  const elected: Elected = { partitions: 0, leaderless: 0, handOvers: 0, isrChanges: 0, losses: 0, topics: [] }
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
      losses.push(nextLoss(topic, losses.length, index, outcome, draft.wallMs))
    })
    if (next === before) continue
    if (next.leaderEpoch !== before.leaderEpoch) elected.partitions += 1
    else if (next.next !== undefined && next.next !== before.next) elected.handOvers += 1
    else elected.isrChanges += 1
    if (next.leader === -1 && before.leader !== -1) elected.leaderless += 1
    after ??= [...topic.partitions]
    after[index] = next
  }
  if (after === undefined) return
  const changed: Topic = { ...topic, partitions: after, version: draft.nextVersion() }
  draft.put('topic', withLosses(changed, losses))
  elected.losses += losses.length
  elected.topics.push(topic.name)
}

/** One topic's partitions, as this occasion finds them. */
class Electing {
  readonly topic: Topic
  readonly #electorates: Electorates
  readonly #brokerId: number | undefined

  constructor(topic: Topic, reports: BrokerReports, standings: Standings, occasion: Occasion) {
    const { brokerId, reborn = false, unclean = false } = occasion
    this.topic = topic
    this.#brokerId = brokerId
    this.#electorates = new Electorates(topic, reports, standings, {
      reborn: reborn ? brokerId : undefined,
      unclean: unclean ? brokerId : undefined,
    })
  }

  concerns({ replicas }: PartitionState): boolean {
    return this.#brokerId === undefined || replicas.includes(this.#brokerId)
  }

  /** The same object where nothing has to change. */
  partition(index: number, before: PartitionState, onLoss: (outcome: UncleanElected) => void): PartitionState {
    const electorate = this.#electorates.of(index, before)
    const next = elect(before, electorate) ?? before
    // A leader that is just gone may still be followed: its replicas are asked to report first.
    if (next.leader !== -1 || before.leader !== -1) return next
    const allowed = electorate.rules.electsUnclean ? 'by-topic' : 'never'
    const outcome = electUnclean(next, this.#electorates.unclean(index, electorate, allowed))
    if (outcome.kind !== 'elected') return next
    onLoss(outcome)
    return outcome.state
  }
}

export function inWords({ partitions, topics, leaderless, handOvers, isrChanges, losses }: Elected): string {
  const parts: string[] = []
  if (partitions > 0) parts.push(`elected ${counted(partitions, 'partition')} of ${counted(topics.length, 'topic')}`)
  if (leaderless > 0) parts.push(`${leaderless} of them ${leaderless === 1 ? 'has' : 'have'} no leader now`)
  if (handOvers > 0) parts.push(`${counted(handOvers, 'partition')} to be handed over`)
  if (isrChanges > 0)
    parts.push(`changed the ISR of ${counted(isrChanges, `${partitions > 0 ? 'other ' : ''}partition`)}`)
  if (losses > 0) parts.push(`${counted(losses, 'leader')} may lack what was acknowledged`)
  return parts.join(', ') || 'no election needed'
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
