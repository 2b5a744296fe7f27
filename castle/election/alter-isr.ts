// ISR proposals (R12, KIP-497, KIP-903): a leader says who is in sync, Castle compares that with what it knows and sets all or nothing of a
// partition at once. The topic gets one new version however many of its partitions changed.
import { errors } from '@castellan/protocol'
import type { AlteredIsr, AlterIsrArgs, PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { recordFinished } from '../placement/follow.ts'
import { advance } from '../placement/reassign.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { sameMembers } from './election.ts'
import { elrAfter, type Rules, rulesOf, withIsr } from './rules.ts'
import { type Standing, Standings } from './standing.ts'

export type IsrProposal = Pick<AlterIsrArgs['partitions'][number], 'leaderEpoch' | 'partitionEpoch' | 'isr'>

export interface Proposer {
  readonly brokerId: number
  readonly brokerEpoch: number
}

export interface Member {
  readonly standing: Standing
  /** Of its process; undefined: Castle knows no such broker. */
  readonly brokerEpoch: number | undefined
}

export interface Judged {
  /** Kafka's; 0: it is as proposed. */
  readonly errorCode: number
  /** After it; the same object where nothing changed. */
  readonly state: PartitionState
}

/** What becomes of a partition for which `proposal` is made. Pure. */
export function judgeIsr(
  partition: PartitionState,
  proposer: Proposer,
  proposal: IsrProposal,
  memberOf: (brokerId: number) => Member,
  rules: Rules,
): Judged {
  const refused = (error: keyof typeof errors) => ({ errorCode: errors[error].code, state: partition })
  const { brokerId, brokerEpoch } = proposer
  if (memberOf(brokerId).brokerEpoch !== brokerEpoch) return refused('STALE_BROKER_EPOCH')
  if (partition.leader !== brokerId || proposal.leaderEpoch < partition.leaderEpoch)
    return refused('FENCED_LEADER_EPOCH')
  // One that is ahead knows what the store does not: its report says so too (R14).
  if (proposal.leaderEpoch > partition.leaderEpoch || proposal.partitionEpoch !== partition.partitionEpoch) {
    return refused('INVALID_UPDATE_VERSION')
  }
  const proposed = new Set(proposal.isr.map((member) => member.brokerId))
  const isr = partition.replicas.filter((id) => proposed.has(id))
  if (isr.length !== proposal.isr.length || !proposed.has(brokerId)) return refused('INVALID_REQUEST')
  for (const member of proposal.isr) {
    const known = memberOf(member.brokerId)
    // A leader that stops stays until another leads.
    const isFit = known.standing === 'fit' || (known.standing === 'stopping' && member.brokerId === brokerId)
    if (!isFit || known.brokerEpoch !== member.brokerEpoch) return refused('INELIGIBLE_REPLICA')
  }
  const elr = elrAfter(partition, isr, rules, (id) => memberOf(id).standing !== 'faulty')
  const state =
    sameMembers(isr, partition.isr) && sameMembers(elr, partition.elr ?? []) ? partition : withIsr(partition, isr, elr)
  return { errorCode: 0, state }
}

/** Judges all proposals of a leader, and puts what changed. */
export function alterIsr(draft: Draft, reports: BrokerReports, brokerId: number, args: AlterIsrArgs): AlteredIsr {
  const standings = new Standings(draft, reports)
  const proposer = { brokerId, brokerEpoch: args.brokerEpoch }
  const altered = new Map<string, Altered>()
  const moves: Move[] = []
  const partitions = args.partitions.map(({ topicId, partition, ...proposal }): AlteredIsr['partitions'][number] => {
    const topic = altered.get(topicId) ?? asItIs(draft.get('topic', topicId))
    const before = topic?.partitions[partition]
    if (topic === undefined || before === undefined) {
      return { topicId, partition, errorCode: errors.UNKNOWN_TOPIC_ID.code }
    }
    altered.set(topicId, topic)
    const memberOf = (id: number): Member => {
      return { standing: standings.of(id, topicId, partition), brokerEpoch: standings.broker(id)?.brokerEpoch }
    }
    const rules = topic.rules(before)
    const { errorCode, state: judged } = judgeIsr(before, proposer, proposal, memberOf, rules)
    // Whoever was to come is in sync now: who goes leaves at once.
    const state = advance(judged, rules.minIsr, (id) => memberOf(id).standing === 'fit') ?? judged
    if (state !== before) {
      topic.partitions[partition] = state
      moves.push({ topic: topic.entity, before, after: state })
    }
    return { topicId, partition, errorCode, state }
  })
  for (const topic of new Set(moves.map((move) => move.topic))) {
    const { partitions: states = [] } = altered.get(topic.topicId) ?? {}
    draft.put('topic', { ...topic, partitions: states, version: draft.nextVersion() })
  }
  if (moves.length > 0) record(draft, brokerId, moves)
  recordFinished(draft, moves)
  return { partitions }
}

/** A topic in the making. */
interface Altered {
  readonly entity: Topic
  readonly partitions: PartitionState[]
  readonly rules: (partition: PartitionState) => Rules
}

/** Of one in doubt nothing is changed (R14): its leader is told as of a topic that is not known yet, and asks again. */
function asItIs(entity: Topic | undefined): Altered | undefined {
  if (entity === undefined || entity.deleted || isInDoubt(entity)) return undefined
  return { entity, partitions: [...entity.partitions], rules: rulesOf(entity) }
}

interface Move {
  readonly topic: Topic
  readonly before: PartitionState
  readonly after: PartitionState
}

function record(draft: Draft, leader: number, moves: readonly Move[]): void {
  const out = new Map<number, number>()
  const joined = new Map<number, number>()
  const count = (counts: Map<number, number>, id: number) => counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const { before, after } of moves) {
    for (const id of before.isr) if (!after.isr.includes(id)) count(out, id)
    for (const id of after.isr) if (!before.isr.includes(id)) count(joined, id)
  }
  const words = (counts: Map<number, number>, what: string) =>
    [...counts].map(([id, partitions]) => `broker ${id} ${what} the ISR of ${partitions}`)
  const topics = [...new Set(moves.map(({ topic }) => topic))]
  const names = topics.slice(0, 10).map(({ name }) => name)
  const what = [...words(joined, 'joined'), ...words(out, 'left')].join(', ') || 'eligible leaders changed'
  draft.decide({
    kind: 'isr-changed',
    what: `${what} partitions of ${names.join(', ')}${topics.length > names.length ? ` and ${topics.length - names.length} more` : ''}`,
    why: `broker ${leader}, their leader, says who is in sync`,
    about: [...new Set([...joined.keys(), ...out.keys()])].map((id) => `broker/${id}`),
  })
}
