// What a broker reports to Castle of one of its replicas.
import type { Sound } from '../log/salvage.ts'
import type { PartitionReport } from './results.ts'
import { knownEpoch, type PartitionState, soundOf } from './state.ts'

const anew = 'being fetched anew from its leader, in place of a damaged log'

/** Where its log ends is said only while that cannot change: an election may go by it (R7). */
export function reportOf(state: PartitionState): PartitionReport {
  const { topicId, index: partition, isAnew, isBusy, log, leader, followed } = state
  const fault = state.fault ?? (isAnew ? anew : null)
  const report = { topicId, partition, leaderEpoch: knownEpoch(state), fault }
  const sound = soundOf(state)
  if (sound !== null) return { ...report, sound }
  const mayChange = leader !== null || followed !== null || fault !== null || isBusy
  if (log === undefined || mayChange) return report
  return { ...report, lastEpoch: log.epochAt(log.endOffset - 1), endOffset: log.endOffset }
}

export function isSameReport(one: PartitionReport, other: PartitionReport): boolean {
  const isSameEnd = one.lastEpoch === other.lastEpoch && one.endOffset === other.endOffset
  const isSame = one.leaderEpoch === other.leaderEpoch && one.fault === other.fault && isSameEnd
  return isSame && isSameSound(one.sound, other.sound)
}

function isSameSound(one: Sound | undefined, other: Sound | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  const isSame = (key: keyof Sound) => one[key] === other[key]
  return isSame('startOffset') && isSame('endOffset') && isSame('lastEpoch') && isSame('hadOffset')
}
