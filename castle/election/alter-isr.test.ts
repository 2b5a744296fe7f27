import { errors } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import { judgeIsr } from './alter-isr.ts'
import type { Member, Standing } from './standing.ts'

// Broker n has broker epoch 100 + n.
const epochOf = (id: number) => 100 + id

interface Case {
  /** 1, 2, 3 replicas, 1 leads at leader epoch 5, partition epoch 9. */
  readonly isr?: number[]
  readonly elr?: number[]
  readonly standing?: Record<number, Standing>
  readonly unknown?: number
  readonly proposer?: { brokerId?: number; brokerEpoch?: number }
  readonly leaderEpoch?: number
  readonly partitionEpoch?: number
  readonly proposed: number[]
  /** Member -> the broker epoch that it is proposed with. */
  readonly epochs?: Record<number, number>
  readonly minIsr?: number
  readonly ackLevel?: -1 | 1
}

type Expected = keyof typeof errors | { isr: number[]; elr?: number[] } | 'as it was'

describe('an ISR proposal', () => {
  const table: [string, Case, Expected][] = [
    ['takes a member out', { proposed: [1, 2] }, { isr: [1, 2] }],
    ['takes one in, in the order of replicas', { isr: [1, 3], proposed: [3, 2, 1] }, { isr: [1, 2, 3] }],
    ['of what is so already changes nothing', { proposed: [1, 2, 3] }, 'as it was'],
    ['below min ISR: who leaves stays eligible (KIP-966)', { isr: [1, 2], proposed: [1] }, { isr: [1], elr: [2] }],
    ['all at once: both stay eligible', { proposed: [1] }, { isr: [1], elr: [2, 3] }],
    ['who was eligible stays so', { isr: [1, 2], elr: [3], minIsr: 3, proposed: [1] }, { isr: [1], elr: [2, 3] }],
    [
      'one comes in, still too small: the others stay',
      { isr: [1], elr: [2, 3], minIsr: 3, proposed: [1, 3] },
      { isr: [1, 3], elr: [2] },
    ],
    ['large enough again: nobody else is eligible', { isr: [1], elr: [2], proposed: [1, 3] }, { isr: [1, 3] }],
    ['nobody stays eligible where Ack 1 may go on (R2)', { isr: [1, 2], proposed: [1], ackLevel: 1 }, { isr: [1] }],
    ['a faulty one does not stay eligible', { isr: [1, 2], proposed: [1], standing: { 2: 'faulty' } }, { isr: [1] }],
    ['a dead one does', { isr: [1, 2], proposed: [1], standing: { 2: 'down' } }, { isr: [1], elr: [2] }],
    ['min ISR 1: nobody has to', { isr: [1, 2], proposed: [1], minIsr: 1 }, { isr: [1] }],
    ['of an older leader epoch', { proposed: [1], leaderEpoch: 4 }, 'FENCED_LEADER_EPOCH'],
    ['of a newer one than the store has', { proposed: [1], leaderEpoch: 6 }, 'INVALID_UPDATE_VERSION'],
    ['of an older partition epoch', { proposed: [1], partitionEpoch: 8 }, 'INVALID_UPDATE_VERSION'],
    ['of a newer partition epoch', { proposed: [1], partitionEpoch: 10 }, 'INVALID_UPDATE_VERSION'],
    ['by another than the leader', { proposed: [1, 2], proposer: { brokerId: 2 } }, 'FENCED_LEADER_EPOCH'],
    ['by an earlier process of the leader', { proposed: [1], proposer: { brokerEpoch: 1 } }, 'STALE_BROKER_EPOCH'],
    ['without the leader', { proposed: [2, 3] }, 'INVALID_REQUEST'],
    ['with one that is no replica', { proposed: [1, 2, 4] }, 'INVALID_REQUEST'],
    ['with one twice', { proposed: [1, 2, 2] }, 'INVALID_REQUEST'],
    ['with one that is down', { isr: [1, 2], proposed: [1, 2, 3], standing: { 3: 'down' } }, 'INELIGIBLE_REPLICA'],
    ['with one that stops', { isr: [1, 2], proposed: [1, 2, 3], standing: { 3: 'stopping' } }, 'INELIGIBLE_REPLICA'],
    ['with one out of use', { isr: [1, 2], proposed: [1, 2, 3], standing: { 3: 'faulty' } }, 'INELIGIBLE_REPLICA'],
    ['with another process of a member', { isr: [1, 2], proposed: [1, 2, 3], epochs: { 3: 7 } }, 'INELIGIBLE_REPLICA'],
    ['with one that Castle does not know', { isr: [1, 2], proposed: [1, 2, 3], unknown: 3 }, 'INELIGIBLE_REPLICA'],
    ['by a leader that stops, which stays', { proposed: [1, 2], standing: { 1: 'stopping' } }, { isr: [1, 2] }],
  ]
  test.each(table)('%s', (_, given, expected) => {
    const { isr = [1, 2, 3], elr, standing = {}, minIsr = 2, ackLevel = -1 } = given
    const before: PartitionState = {
      leader: 1,
      leaderEpoch: 5,
      partitionEpoch: 9,
      replicas: [1, 2, 3],
      isr,
      ...(elr === undefined ? {} : { elr }),
    }
    const members = given.proposed.map((brokerId) => {
      return { brokerId, brokerEpoch: given.epochs?.[brokerId] ?? epochOf(brokerId) }
    })
    const memberOf = (id: number): Member => {
      if (id === given.unknown) return { standing: 'down', brokerEpoch: undefined }
      return { standing: standing[id] ?? 'fit', brokerEpoch: epochOf(id) }
    }
    const proposer = { brokerId: 1, brokerEpoch: epochOf(given.proposer?.brokerId ?? 1), ...given.proposer }
    const { leaderEpoch = 5, partitionEpoch = 9 } = given
    const proposal = { leaderEpoch, partitionEpoch, isr: members }
    const judged = judgeIsr(before, proposer, proposal, memberOf, {
      minIsr,
      keepsElr: ackLevel === -1,
      handsOver: ackLevel === 1,
      electsUnclean: false,
    })
    if (expected === 'as it was') return expect(judged).toEqual({ errorCode: 0, state: before })
    if (typeof expected === 'string') {
      return expect(judged).toEqual({ errorCode: errors[expected].code, state: before })
    }
    const { elr: _before, ...rest } = before
    expect(judged).toEqual({ errorCode: 0, state: { ...rest, partitionEpoch: 10, ...expected } })
  })
})
