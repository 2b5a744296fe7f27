import { errors } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import type { View } from '../state/state.ts'
import { HandOverTimes, judgeHandOver } from './hand-over.ts'
import type { Standing } from './standing.ts'

// Broker 1 leads 1, 2, 3 at leader epoch 5, partition epoch 9; its broker epoch is 101.
const all = [1, 2, 3]
const letters: Record<string, Standing> = { '+': 'fit', s: 'stopping', '!': 'faulty', '-': 'down' }

interface Case {
  /** Brokers 1, 2, 3. Default: all are fit. */
  readonly now?: string
  readonly next?: number | null
  readonly isr?: number[]
  readonly more?: Partial<PartitionState>
  readonly highest?: number
  readonly from?: Partial<{ brokerId: number; brokerEpoch: number }>
  readonly known?: Partial<{ leaderEpoch: number; partitionEpoch: number }>
}

function judged({ now = '+++', next = 2, isr = all, more = {}, highest = 5, from = {}, known = {} }: Case) {
  const named = next === null ? {} : { next }
  const before: PartitionState = { leader: 1, leaderEpoch: 5, partitionEpoch: 9, replicas: all, isr, ...named, ...more }
  const standing = (id: number) => letters[now[id - 1] ?? '-'] ?? 'down'
  const rules = { minIsr: 2, keepsElr: false, handsOver: true, electsUnclean: false }
  const judgement = judgeHandOver(
    before,
    { brokerId: 1, brokerEpoch: 101, ...from },
    { leaderEpoch: 5, partitionEpoch: 9, ...known },
    { standing: standing(1), brokerEpoch: 101 },
    { standing, highestEpoch: highest, rules },
  )
  return { before, ...judgement }
}

describe('a leader hands over', () => {
  test.each<[string, Case, Partial<PartitionState>]>([
    ['the next one leads', {}, { leader: 2, leaderEpoch: 6, isr: all }],
    ['above all epochs that a replica knows', { highest: 8 }, { leader: 2, leaderEpoch: 9 }],
    ['who stops leaves the ISR with it', { now: 's++' }, { leader: 2, leaderEpoch: 6, isr: [2, 3] }],
    [
      'who goes has gone by it',
      { more: { replicas: [2, 3, 1], removing: [1] } },
      { leader: 2, replicas: [2, 3], isr: [2, 3], removed: [1] },
    ],
  ])('%s', (_, given, expected) => {
    const { errorCode, state } = judged(given)
    expect([errorCode, state.next]).toEqual([0, undefined])
    expect(state).toMatchObject(expected)
    expect(state.partitionEpoch).toBeGreaterThan(9)
  })

  test.each<[string, Case, keyof typeof errors, 'as it was' | 'dropped']>([
    ['an earlier process of the leader', { from: { brokerEpoch: 100 } }, 'STALE_BROKER_EPOCH', 'as it was'],
    ['one that does not lead', { from: { brokerId: 3 } }, 'FENCED_LEADER_EPOCH', 'as it was'],
    ['at an earlier leader epoch', { known: { leaderEpoch: 4 } }, 'FENCED_LEADER_EPOCH', 'as it was'],
    ['something has changed since', { known: { partitionEpoch: 8 } }, 'INVALID_UPDATE_VERSION', 'as it was'],
    ['nobody is next', { next: null }, 'INVALID_REQUEST', 'as it was'],
    ['the next one is down: a repeat of it will not do it either', { now: '+-+' }, 'INELIGIBLE_REPLICA', 'dropped'],
    ['the next one stops', { now: '+s+' }, 'INELIGIBLE_REPLICA', 'dropped'],
    ['the next one has a fault', { now: '+!+' }, 'INELIGIBLE_REPLICA', 'dropped'],
    ['the next one is not in sync', { isr: [1, 3] }, 'INELIGIBLE_REPLICA', 'dropped'],
  ])('refused: %s', (_, given, error, becomes) => {
    const { before, errorCode, state } = judged(given)
    expect(errorCode).toBe(errors[error].code)
    if (becomes === 'as it was') return expect(state).toBe(before)
    const { next: _next, ...rest } = before
    expect(state).toEqual({ ...rest, partitionEpoch: 10 })
  })
})

test('what takes longer than its time is named, once it did', () => {
  const topic = (next?: number) => ({ topicId: 't', deleted: false, partitions: [{ leader: 1 }, { leader: 1, next }] })
  const view = (next?: number) => ({ all: () => [topic(next)] }) as unknown as View
  const times = new HandOverTimes(1_000)
  expect(times.overdue(view(2), 0).size).toBe(0)
  expect(times.overdue(view(2), 999).size).toBe(0)
  expect(times.overdue(view(2), 1_000)).toEqual(new Map([['t', [1]]]))
  // Dropped, and named again before anybody looked: all of its time again.
  expect(times.overdue(view(2), 1_100).size).toBe(0)
  // Another one is named: its time begins.
  expect(times.overdue(view(3), 1_500).size).toBe(0)
  expect(times.overdue(view(), 2_000).size).toBe(0)
  expect(times.overdue(view(3), 3_000).size).toBe(0)
})
