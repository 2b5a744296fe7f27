// What is under way goes on: reassignments that are done, and brokers that removed the logs they were told to (R13). Level-triggered:
// looked at again and again, whatever was missed, so that it needs no event of its own. (What a leader's proposal completes is done
// with the proposal, election/alter-isr.ts.)
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { rulesOf } from '../election/rules.ts'
import { Standings } from '../election/standing.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { advance, inWords, isReassigning, settle } from './reassign.ts'

export interface Followed {
  readonly topic: Topic
  readonly partition: number
  readonly before: PartitionState
  readonly after: PartitionState
}

/** Everything that can go on now. */
export function findFollowed(view: View, reports: BrokerReports): Followed[] {
  const found: Followed[] = []
  const standings = new Standings(view, reports)
  for (const topic of view.all('topic')) {
    if (topic.deleted || isInDoubt(topic)) continue
    for (const [partition, before] of topic.partitions.entries()) {
      if (!isReassigning(before) && before.removed === undefined) continue
      const after = followed(topic, partition, before, standings, reports)
      if (after !== before) found.push({ topic, partition, before, after })
    }
  }
  return found
}

function followed(
  topic: Topic,
  partition: number,
  before: PartitionState,
  standings: Standings,
  reports: BrokerReports,
): PartitionState {
  const { topicId, version } = topic
  const canLead = (id: number) => standings.of(id, topicId, partition) === 'fit'
  const moved = advance(before, rulesOf(topic)(before), canLead) ?? before
  // Gone is what a broker says that has heard of the removal.
  const isGone = (id: number) =>
    (reports.of(id)?.holds[`topic/${topicId}`] ?? -1) >= version && !reports.hasLog(id, topicId, partition)
  return settle(moved, isGone) ?? moved
}

/** Puts all that can go on now. */
export function follow(draft: Draft, reports: BrokerReports): void {
  const found = findFollowed(draft, reports)
  for (const topic of new Set(found.map((each) => each.topic))) {
    const partitions = [...topic.partitions]
    for (const each of found) if (each.topic === topic) partitions[each.partition] = each.after
    draft.put('topic', { ...topic, partitions, version: draft.nextVersion() })
  }
  recordFinished(draft, found)
}

/** Says which reassignments these changes completed. */
export function recordFinished(draft: Draft, moves: readonly Omit<Followed, 'partition'>[]): void {
  const done = moves.filter(({ before, after }) => isReassigning(before) && !isReassigning(after))
  if (done.length === 0) return
  const words = done.slice(0, 10).map(({ topic, before, after }) => `${topic.name}: ${inWords(before, after)}`)
  const more = done.length > words.length ? ` and ${done.length - words.length} more` : ''
  draft.decide({
    kind: 'reassignment-done',
    what: `partitions have their new replicas: ${words.join('; ')}${more}`.slice(0, 2_000),
    why: 'all that were to come are in sync',
    about: [...new Set(done.map(({ topic }) => `topic/${topic.topicId}`))].slice(0, 100),
  })
}
