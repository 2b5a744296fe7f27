// What a broker reports to Castle of one of its replicas.
import type { PartitionReport } from './results.ts'
import { knownEpoch, type PartitionState } from './state.ts'

const anew = 'being fetched anew from its leader, in place of a damaged log'

/** Where its log ends is said only while that cannot change: an election may go by it (R7). */
export function reportOf(state: PartitionState): PartitionReport {
  const { topicId, index: partition, isAnew, isBusy, log, leader, followed } = state
  const fault = state.fault ?? (isAnew ? anew : null)
  const report = { topicId, partition, leaderEpoch: knownEpoch(state), fault }
  const mayChange = leader !== null || followed !== null || fault !== null || isBusy
  if (log === undefined || mayChange) return report
  return { ...report, lastEpoch: log.epochAt(log.endOffset - 1), endOffset: log.endOffset }
}

export function isSameReport(one: PartitionReport, other: PartitionReport): boolean {
  const isSameEnd = one.lastEpoch === other.lastEpoch && one.endOffset === other.endOffset
  return one.leaderEpoch === other.leaderEpoch && one.fault === other.fault && isSameEnd
}
