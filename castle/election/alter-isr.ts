// ISR proposals (R12, KIP-497, KIP-903): a leader says who is in sync, Castle compares that with what it knows and sets all or nothing of a
// partition at once. The topic gets one new version however many of its partitions changed.
import { errors } from '@castellan/protocol'
import type { AlteredIsr, AlterIsrArgs, PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { recordFinished } from '../placement/follow.ts'
import { advance } from '../placement/reassign.ts'
import type { Draft } from '../state/draft.ts'
import { sameMembers } from './election.ts'
import { type Judged, judgeAll, type Move, type Proposer, staleness } from './judge.ts'
import { elrAfter, type Rules, rulesOf, withIsr } from './rules.ts'
import { isLeaving, type Member, Standings } from './standing.ts'

export type IsrProposal = Pick<AlterIsrArgs['partitions'][number], 'leaderEpoch' | 'partitionEpoch' | 'isr'>

/** What becomes of a partition for which `proposal` is made. Pure. */
export function judgeIsr(
  partition: PartitionState,
  proposer: Proposer,
  proposal: IsrProposal,
  memberOf: (brokerId: number) => Member,
  rules: Rules,
): Judged {
  const refused = (error: keyof typeof errors) => ({ errorCode: errors[error].code, state: partition })
  const { brokerId } = proposer
  const stale = staleness(partition, proposer, proposal, memberOf(brokerId))
  if (stale !== undefined) return refused(stale)
  const proposed = new Set(proposal.isr.map((member) => member.brokerId))
  const isr = partition.replicas.filter((id) => proposed.has(id))
  if (isr.length !== proposal.isr.length || !proposed.has(brokerId)) return refused('INVALID_REQUEST')
  for (const member of proposal.isr) {
    const known = memberOf(member.brokerId)
    // A leader that stops, or has a full disk, stays until another leads.
    const isFit = known.standing === 'fit' || (isLeaving(known.standing) && member.brokerId === brokerId)
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
  const { partitions, moves } = judgeAll(draft, args.partitions, (topic) => {
    const rules = rulesOf(topic)
    return (before, proposal) => {
      const memberOf = (id: number) => standings.member(id, topic.topicId, proposal.partition)
      const judged = judgeIsr(before, proposer, proposal, memberOf, rules(before))
      // Whoever was to come is in sync now: who goes leaves at once.
      const advanced = advance(judged.state, rules(before), (id) => memberOf(id).standing === 'fit')
      return { ...judged, state: advanced ?? judged.state }
    }
  })
  if (moves.length > 0) record(draft, brokerId, moves)
  recordFinished(draft, moves)
  return { partitions }
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
