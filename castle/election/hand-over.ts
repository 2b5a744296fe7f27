// A leader that lives hands over: nothing that it acknowledged is lost, also where nobody else had to have it (Ack 1, R2).
//
//   Castle: next = B ─► leader A takes no more appends ─► B has all that A has ─► A: handOver ─► Castle: B leads
//                │                                                                                │
//                └── not done in time, B fell out of sync: next = nobody, and A goes on ◄── compared with both epochs
//
// Once A has asked, it acknowledges nothing that B has not got, until Castle's newer word: so an answer may be late, or lost.
import { errors } from '@castellan/protocol'
import type { AlteredIsr, HandOverArgs, PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { recordFinished } from '../placement/follow.ts'
import { advance } from '../placement/reassign.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { View } from '../state/state.ts'
import { type Electorate, elect } from './election.ts'
import { Electorates } from './electorates.ts'
import { type Judged, judgeAll, type Known, type Move, type Proposer, staleness } from './judge.ts'
import { withLeader, withoutNext } from './rules.ts'
import { type Member, Standings } from './standing.ts'

/** What becomes of a partition that its leader hands over. Pure. */
export function judgeHandOver(
  partition: PartitionState,
  proposer: Proposer,
  known: Known,
  leader: Member,
  electorate: Electorate,
): Judged {
  const refused = (error: keyof typeof errors, state = partition) => ({ errorCode: errors[error].code, state })
  const stale = staleness(partition, proposer, known, leader)
  if (stale !== undefined) return refused(stale)
  const { next, isr } = partition
  if (next === undefined) return refused('INVALID_REQUEST')
  // A refusal is a new partition epoch, too: what the leader asked may not be done by a repeat that comes late.
  if (!isr.includes(next) || electorate.standing(next) !== 'fit') {
    return refused('INELIGIBLE_REPLICA', withoutNext(partition))
  }
  const led = withLeader(partition, next, electorate.highestEpoch)
  // Who stops leaves the ISR.
  const state = elect(led, electorate) ?? led
  const finished = advance(state, electorate.rules, (id) => electorate.standing(id) === 'fit')
  return { errorCode: 0, state: finished ?? state }
}

/** Judges all that a leader hands over, and puts what changed. */
export function handOver(draft: Draft, reports: BrokerReports, brokerId: number, args: HandOverArgs): AlteredIsr {
  const standings = new Standings(draft, reports)
  const proposer = { brokerId, brokerEpoch: args.brokerEpoch }
  const { partitions, moves } = judgeAll(draft, args.partitions, (topic) => {
    const electorates = new Electorates(topic, reports, standings)
    return (before, { partition, ...known }) => {
      const leader = standings.member(brokerId, topic.topicId, partition)
      return judgeHandOver(before, proposer, known, leader, electorates.of(partition, before))
    }
  })
  recordDone(
    draft,
    brokerId,
    moves.filter(({ before, after }) => before.leader !== after.leader),
  )
  recordFinished(draft, moves)
  return { partitions }
}

function recordDone(draft: Draft, from: number, moves: readonly Move[]): void {
  if (moves.length === 0) return
  const counts = new Map<number, number>()
  for (const { after } of moves) counts.set(after.leader, (counts.get(after.leader) ?? 0) + 1)
  const words = [...counts].map(([id, partitions]) => `broker ${id} leads ${partitions}`).join(', ')
  draft.decide({
    kind: 'handed-over',
    what: `${words} partitions of ${namesOf(moves)}`,
    why: `broker ${from} handed them over, with all that it had acknowledged`,
    about: [from, ...counts.keys()].map((id) => `broker/${id}`),
  })
}

/** What is not done in time is dropped: the leader goes on, and it is tried again later, by whatever began it. */
export function dropHandOvers(draft: Draft, overdue: ReadonlyMap<string, readonly number[]>): void {
  const moves: Move[] = []
  for (const [topicId, indexes] of overdue) {
    const topic = draft.get('topic', topicId)
    if (topic === undefined || topic.deleted || isInDoubt(topic)) continue
    const partitions = topic.partitions.map((before, index) => {
      const after = indexes.includes(index) ? withoutNext(before) : before
      if (after !== before) moves.push({ topic, before, after })
      return after
    })
    if (moves.at(-1)?.topic === topic) draft.put('topic', { ...topic, partitions, version: draft.nextVersion() })
  }
  if (moves.length === 0) return
  const leaders = new Set(moves.map(({ before }) => before.leader))
  draft.decide({
    kind: 'hand-over-dropped',
    what: `${moves.length} partitions of ${namesOf(moves)} are led on by who led them`,
    why: 'they were not handed over in time; it is tried again later',
    about: [...leaders].map((id) => `broker/${id}`),
  })
}

function namesOf(moves: readonly Move[]): string {
  const names = [...new Set(moves.map(({ topic }) => topic.name))]
  return `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`
}

interface Since {
  readonly next: number
  readonly sinceMs: number
}

/** The time of hand-overs that are under way. Times are given, nothing is written here. */
export class HandOverTimes {
  readonly #limitMs: number
  /** topic id/partition -> who is to lead, and since when that is known. */
  #since = new Map<string, Since>()

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** The partitions, by topic id, that were to be handed over for so long. Called about once a second. */
  overdue(view: View, nowMs: number): Map<string, number[]> {
    const overdue = new Map<string, number[]>()
    const since = new Map<string, Since>()
    for (const topic of view.all('topic')) {
      if (topic.deleted || isInDoubt(topic)) continue
      for (const [index, { next }] of topic.partitions.entries()) {
        if (next === undefined) continue
        const key = `${topic.topicId}/${index}`
        const known = this.#since.get(key)
        const entry = known?.next === next ? known : { next, sinceMs: nowMs }
        if (nowMs - entry.sinceMs < this.#limitMs) {
          since.set(key, entry)
          continue
        }
        // Named again before anybody looks, it has all of its time again.
        const partitions = overdue.get(topic.topicId)
        if (partitions === undefined) overdue.set(topic.topicId, [index])
        else partitions.push(index)
      }
    }
    this.#since = since
    return overdue
  }
}
