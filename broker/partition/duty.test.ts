// Broker 1 has a replica, and Castle says something of its partition.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { expect, test } from 'vitest'
import { type Duty, dutyOf, type ReplicaHere } from './duty.ts'

const here: ReplicaHere = {
  brokerId: 1,
  leaderEpoch: 4,
  isLeader: false,
  isBusy: false,
  isUsable: true,
  isDamaged: false,
  isAnew: false,
  isNewest: true,
  sound: null,
}
const leads: ReplicaHere = { ...here, isLeader: true }
const damaged: ReplicaHere = { ...here, isUsable: false, isDamaged: true }

const decided: PartitionState = {
  leader: 2,
  leaderEpoch: 5,
  partitionEpoch: 9,
  replicas: [1, 2, 3],
  isr: [2, 3],
}
const leadsNow = { leader: 1, isr: [1, 2, 3] }
const tookItAway = { replicas: [2, 3, 4], removed: [1] }

const sound = { lastEpoch: 3, endOffset: 7 }
const salvaged = { leader: -1, isr: [2, 3], salvage: { brokerId: 1, ...sound } }
const salvagedOther = { leader: -1, salvage: { brokerId: 2, ...sound } }

const follow: Duty = { kind: 'follow', leader: 2, leaderEpoch: 5 }
const resign: Duty = { kind: 'resign', leaderEpoch: 5 }

const cases: [string, Partial<PartitionState>, ReplicaHere, Duty | Duty['kind']][] = [
  // who leads
  ['another leads', {}, here, follow],
  ['another leads, and it led', {}, leads, follow],
  ['another leads at the epoch that it knows', { leaderEpoch: 4 }, here, { ...follow, leaderEpoch: 4 }],
  ['nobody leads', { leader: -1 }, leads, resign],
  ['it leads at a new epoch', leadsNow, here, 'lead'],
  ['it leads, and led before', leadsNow, leads, 'lead'],
  ['it leads on, in another ISR', { ...leadsNow, leaderEpoch: 4 }, leads, 'lead'],
  ['it leads at an epoch that its log has been led at (R5)', { ...leadsNow, leaderEpoch: 4 }, here, 'refuse to lead'],
  ['an older word', { leaderEpoch: 3 }, here, 'none'],
  ['an older word, that it leads', { ...leadsNow, leaderEpoch: 3 }, leads, 'none'],
  // while its log is written to off the loop, or cut
  ['busy: it leads on', { ...leadsNow, leaderEpoch: 4 }, { ...leads, isBusy: true }, 'lead'],
  ['busy: it leads at a new epoch', leadsNow, { ...leads, isBusy: true }, 'stand down'],
  ['busy: another leads', {}, { ...leads, isBusy: true }, 'stand down'],
  ['busy: it follows, and is to lead', leadsNow, { ...here, isBusy: true }, 'none'],
  ['busy: it is taken away', tookItAway, { ...here, isBusy: true }, 'none'],
  // no replica any more
  ['a reassignment took it away', tookItAway, here, 'remove'],
  ['a reassignment took it away, and it is damaged', tookItAway, damaged, 'remove'],
  ['it is a stray (R13)', { replicas: [2, 3, 4] }, here, resign],
  // damage (R9)
  ['damaged: another leads, and nobody counts on it', {}, damaged, 'rebuild'],
  ['damaged: in the ISR still', { isr: [1, 2] }, damaged, 'none'],
  ['damaged: in the ELR still', { elr: [1] }, damaged, 'none'],
  ['damaged: nobody leads', { leader: -1 }, damaged, 'survey'],
  ['damaged: nobody leads, and newer is known (R14)', { leader: -1 }, { ...damaged, isNewest: false }, 'none'],
  ['damaged: nobody leads, and what is sound is known', { leader: -1 }, { ...damaged, sound }, 'none'],
  ['damaged: a person decided that it goes on with what is sound', salvaged, { ...damaged, sound }, 'salvage'],
  ['damaged: a person decided, and it must look again first', salvaged, damaged, 'survey'],
  ['damaged: a person decided of a longer log', salvaged, { ...damaged, sound: { ...sound, endOffset: 6 } }, 'none'],
  ['damaged: a person decided of other epochs', salvaged, { ...damaged, sound: { ...sound, lastEpoch: 2 } }, 'none'],
  ['damaged: a person decided of another', salvagedOther, { ...damaged, sound }, 'none'],
  ['damaged: a person decided, and newer is known', salvaged, { ...damaged, sound, isNewest: false }, 'none'],
  ['damaged: a person decided, and it is busy', salvaged, { ...damaged, sound, isBusy: true }, 'none'],
  ['damaged: a person decided, and another leads', { ...salvaged, leader: 2 }, { ...damaged, sound }, 'rebuild'],
  ['well: a person decided', salvaged, { ...here, sound }, resign],
  ['fetched anew: a person decided', salvaged, { ...here, isAnew: true, sound }, 'salvage'],
  ['damaged: it is to lead', leadsNow, damaged, 'none'],
  ['damaged: a stray', { replicas: [2, 3, 4] }, damaged, 'none'],
  ['damaged: newer is known than what Castle says (R14)', {}, { ...damaged, isNewest: false }, 'none'],
  ['without a log, or refused by the disk', {}, { ...here, isUsable: false }, 'none'],
  ['fetched anew: it follows', {}, { ...here, isAnew: true }, follow],
  ['fetched anew: it is to lead', leadsNow, { ...here, isAnew: true }, resign],
]

test.each(cases)('%s', (_, said, replica, expected) => {
  const duty = dutyOf({ ...decided, ...said }, replica)
  expect(typeof expected === 'string' ? duty.kind : duty).toEqual(expected)
})
