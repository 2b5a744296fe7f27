import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import {
  beginLeading,
  canHandOver,
  holdsAppends,
  holdsRecent,
  type IsrView,
  inSyncEndOffset,
  type LeaderEvent,
  type LeaderState,
  mayBePassed,
  safeEndOffset,
  step,
  wantedIsr,
} from './leader-state.ts'

// Broker 1 leads at epoch 5, which begins at offset 100 and at 10 s; replicas 1, 2, 3. Times in ms from there.
const startMs = 10_000

function leading(more: Partial<PartitionState> = {}, minInsync = 2): LeaderState {
  const assigned = { leader: 1, leaderEpoch: 5, partitionEpoch: 7, replicas: [1, 2, 3], isr: [1, 2, 3], ...more }
  return beginLeading({ brokerId: 1, assigned, minInsync, endOffset: 100, nowMs: startMs })
}

/** Follower `id` fetches at `endOffset` while the leader's end is `leaderEndOffset`. */
function fetch(
  id: number,
  endOffset: number,
  leaderEndOffset: number,
  atMs: number,
  brokerEpoch = 40 + id,
): LeaderEvent {
  const nowMs = startMs + atMs
  return { kind: 'fetched', id, endOffset, leaderEndOffset, isSynced: false, nowMs, brokerEpoch, presence: null }
}

const assign = (more: Partial<PartitionState>): LeaderEvent => ({
  kind: 'assigned',
  assigned: { ...leading().assigned, partitionEpoch: 8, ...more },
  minInsync: 2,
})
const propose = (...isr: number[]): LeaderEvent => ({ kind: 'proposed', isr })
const refuse: LeaderEvent = { kind: 'refused' }
const mustSync: LeaderEvent = { kind: 'mustSync', leaderEndOffset: 120 }
/** As `fetch`, by one that knows of flush.messages=1. */
const fetchSynced = (id: number, endOffset: number, leaderEndOffset: number, atMs: number): LeaderEvent =>
  ({ ...fetch(id, endOffset, leaderEndOffset, atMs), isSynced: true }) as LeaderEvent
const after = (state: LeaderState, events: LeaderEvent[]) => events.reduce(step, state)

describe('the high watermark may rise to', () => {
  const isr = (...ids: number[]) => ({ isr: ids })
  test.each<[string, Partial<PartitionState>, LeaderEvent[], number]>([
    ['alone: what the leader has', { replicas: [1], isr: [1] }, [], 120],
    ['nothing, while a member has not fetched at this epoch', {}, [fetch(2, 120, 120, 5)], -1],
    ['what the slowest member of the ISR has', {}, [fetch(2, 110, 120, 5), fetch(3, 105, 120, 5)], 105],
    ['followers outside of the ISR do not count', isr(1, 2), [fetch(2, 110, 120, 5), fetch(3, 1, 120, 5)], 110],
    [
      'one that is proposed counts (R12)',
      isr(1, 2),
      [fetch(2, 120, 120, 5), fetch(3, 110, 120, 5), propose(1, 2, 3)],
      110,
    ],
    ['one that is proposed out still counts', {}, [fetch(2, 120, 120, 5), fetch(3, 110, 120, 5), propose(1, 2)], 110],
    ['refused: as before', isr(1, 2), [fetch(2, 120, 120, 5), fetch(3, 110, 120, 5), propose(1, 2, 3), refuse], 120],
    [
      'done: as Castle has it',
      {},
      [fetch(2, 120, 120, 5), fetch(3, 110, 120, 5), propose(1, 2), assign(isr(1, 2))],
      120,
    ],
    [
      "Castle's older word changes nothing",
      {},
      [fetch(2, 120, 120, 5), assign({ ...isr(1, 2), partitionEpoch: 6 })],
      -1,
    ],
    ['it rests below min.insync.replicas (R6)', isr(1), [fetch(2, 120, 120, 5), fetch(3, 120, 120, 5)], -1],
    ['also with a proposal that would end that', isr(1), [fetch(2, 120, 120, 5), propose(1, 2)], -1],
    [
      'a late fetch of an earlier process counts for nothing',
      {},
      [fetch(2, 110, 120, 5), fetch(3, 110, 120, 5), fetch(3, 120, 120, 6, 42)],
      110,
    ],
    ['a new process begins anew', isr(1, 2), [fetch(2, 120, 120, 5), fetch(2, 90, 120, 6, 99)], 90],
    [
      'flush.messages=1 from now on: what was not said to be synced counts no more (R1)',
      {},
      [fetch(2, 120, 120, 5), fetchSynced(3, 120, 120, 5), mustSync],
      -1,
    ],
    [
      'until that is said, by those who had not heard of it yet',
      {},
      [fetch(2, 120, 120, 5), fetchSynced(3, 115, 120, 5), mustSync, fetchSynced(2, 110, 120, 9)],
      110,
    ],
    ['a member that is no replica is not waited for', { replicas: [1, 2] }, [fetch(2, 110, 120, 5)], 110],
    [
      'an added replica counts once it is in the ISR',
      { replicas: [1, 2], isr: [1, 2] },
      [fetch(2, 110, 120, 5), assign({ isr: [1, 2, 3] })],
      -1,
    ],
  ])('%s', (_, assigned, events, expected) => {
    expect(safeEndOffset(after(leading(assigned), events), 120)).toBe(expected)
  })

  test('with fewer replicas than min.insync.replicas, what all of them have', () => {
    expect(safeEndOffset(leading({ replicas: [1], isr: [1] }, 2), 120)).toBe(120)
  })
})

describe('Ack 1 may be answered (R2)', () => {
  const both = (atMs: number) => [fetch(2, 100, 100, atMs), fetch(3, 100, 100, atMs)]
  test.each<[string, Partial<PartitionState>, LeaderEvent[], number, boolean]>([
    ['alone: always', { replicas: [1], isr: [1] }, [], 9_000, true],
    ['not before all members have fetched at this epoch', {}, [fetch(2, 100, 100, 0)], 0, false],
    ['when they had everything within the last second', {}, both(0), 1_000, true],
    ['not a moment longer', {}, both(0), 1_001, false],
    [
      'a member that fetches, but from too far back',
      {},
      [...both(0), fetch(2, 50, 100, 900), fetch(3, 100, 100, 900)],
      1_100,
      false,
    ],
    [
      'one that has now what the leader had at its last fetch',
      {},
      [...both(0), fetch(2, 100, 200, 600), fetch(3, 200, 200, 900), fetch(2, 200, 300, 900)],
      1_600,
      true,
    ],
    [
      'and no later than that fetch',
      {},
      [...both(0), fetch(2, 100, 200, 600), fetch(3, 200, 200, 900), fetch(2, 200, 300, 900)],
      1_601,
      false,
    ],
    ['nor what an earlier process of its broker had', {}, [...both(0), fetch(2, 50, 100, 500, 99)], 600, false],
    ['nor is it less when it must be synced (R2 is about having it)', {}, [...both(0), mustSync], 1_000, true],
    ['who is outside of the ISR is not waited for', { isr: [1, 2] }, [fetch(2, 100, 100, 500)], 1_500, true],
    ['who is proposed is', { isr: [1, 2] }, [fetch(2, 100, 100, 500), propose(1, 2, 3)], 500, false],
    ['who is proposed out still is', {}, [fetch(2, 100, 100, 500), propose(1, 2)], 500, false],
    ['an eligible leader could be elected, too (KIP-966)', { isr: [1], elr: [2] }, [], 500, false],
  ])('%s', (_, assigned, events, atMs, expected) => {
    expect(holdsRecent(after(leading(assigned), events), 100, startMs + atMs)).toBe(expected)
  })
})

describe('another is to lead, though nobody died', () => {
  const named = (next = 2): LeaderEvent => assign({ next })
  const ask: LeaderEvent = { kind: 'asked' }
  const overtime: LeaderEvent = { kind: 'overtime' }
  const later = (more: Partial<PartitionState>, partitionEpoch = 9) => assign({ partitionEpoch, ...more })
  test.each<[string, LeaderEvent[], LeaderState['handOver'], { holds?: boolean; can?: boolean; passed?: boolean }]>([
    ['nobody is named', [fetch(2, 120, 120, 5)], null, {}],
    ['one is, and lacks something', [fetch(2, 119, 120, 5), named()], { to: 2, kind: 'holding' }, { holds: true }],
    ['it has all', [named(), fetch(2, 120, 120, 5)], { to: 2, kind: 'holding' }, { holds: true, can: true }],
    ['it had all already', [fetch(2, 120, 120, 5), named()], { to: 2, kind: 'holding' }, { holds: true, can: true }],
    [
      'what others have is of no account',
      [named(), fetch(3, 120, 120, 5)],
      { to: 2, kind: 'holding' },
      { holds: true },
    ],
    [
      'Castle is told: it may elect at any moment, and is not told twice',
      [named(), fetch(2, 120, 120, 5), ask],
      { to: 2, kind: 'asked' },
      { holds: true, passed: true },
    ],
    ['it takes too long', [named(), overtime, fetch(2, 120, 120, 5)], { to: 2, kind: 'lapsed' }, {}],
    ['Castle does not answer', [named(), ask, overtime], { to: 2, kind: 'waiting' }, { passed: true }],
    ['Castle drops it', [named(), ask, later({})], null, {}],
    ['Castle drops it late', [named(), ask, overtime, later({})], null, {}],
    [
      "Castle's older word changes nothing",
      [named(), ask, assign({ partitionEpoch: 7 })],
      { to: 2, kind: 'asked' },
      { holds: true, passed: true },
    ],
    [
      'something else changed: what was asked will not be done, and is asked again',
      [named(), fetch(2, 120, 120, 5), ask, later({ next: 2, isr: [1, 2] })],
      { to: 2, kind: 'holding' },
      { holds: true, can: true },
    ],
    [
      'the same when appends go on already',
      [named(), ask, overtime, later({ next: 2 })],
      { to: 2, kind: 'lapsed' },
      {},
    ],
    ['the time does not begin anew', [named(), overtime, later({ next: 2 })], { to: 2, kind: 'lapsed' }, {}],
    [
      'another one is named instead',
      [named(), overtime, later({ next: 3 })],
      { to: 3, kind: 'holding' },
      { holds: true },
    ],
  ])('%s', (_, events, handOver, { holds = false, can = false, passed = false }) => {
    const state = after(leading(), events)
    expect(state.handOver).toEqual(handOver)
    expect([holdsAppends(state), canHandOver(state, 120), mayBePassed(state)]).toEqual([holds, can, passed])
  })

  test('from the first moment of its epoch, too', () => {
    expect(leading({ next: 3 }).handOver).toEqual({ to: 3, kind: 'holding' })
  })

  test('what is not written yet counts: it is not with the next one', () => {
    const state = after(leading(), [named(), fetch(2, 120, 120, 5)])
    expect(canHandOver(state, 121)).toBe(false)
  })

  test('until then counts what all have that are in sync, however few', () => {
    const state = after(leading({ isr: [1, 2] }), [fetch(2, 90, 100, 0), fetch(3, 10, 100, 0)])
    expect(inSyncEndOffset(state, 100)).toBe(90)
    expect(inSyncEndOffset(after(state, [propose(1, 2, 3)]), 100)).toBe(10)
  })
})

describe('a fetch session says for its follower that it is where it was', () => {
  const presence = { fetchedMs: startMs }
  const held = (): LeaderState =>
    after(leading({ replicas: [1, 2], isr: [1, 2] }), [{ ...fetch(2, 100, 100, 0), presence } as LeaderEvent])
  const mayAnswer = (state: LeaderState, endOffset: number, atMs: number) =>
    holdsRecent(state, endOffset, startMs + atMs)

  test('while it has all', () => {
    presence.fetchedMs = startMs + 5_000
    expect([mayAnswer(held(), 100, 6_000), mayAnswer(held(), 100, 6_001)]).toEqual([true, false])
  })

  test('until the log goes on: what it had before counts from its newest fetch before', () => {
    const state = held()
    presence.fetchedMs = startMs + 5_000
    const grown = step(state, { kind: 'appended', fromOffset: 100 })
    presence.fetchedMs = startMs + 7_000
    expect([mayAnswer(grown, 101, 6_000), mayAnswer(grown, 101, 6_001)]).toEqual([true, false])
    expect(mayAnswer(step(grown, { kind: 'appended', fromOffset: 101 }), 102, 6_001)).toBe(false)
  })

  test('and no longer than it has the partition', () => {
    const state = held()
    presence.fetchedMs = startMs + 5_000
    const left = step(state, { kind: 'left', id: 2, presence, leaderEndOffset: 100 })
    presence.fetchedMs = startMs + 7_000
    expect([mayAnswer(left, 100, 6_000), mayAnswer(left, 100, 6_001)]).toEqual([true, false])
    // Another session has it meanwhile.
    // What it lacks was appended before: that its broker goes on to fetch makes it no less behind.
    const behind = step(state, { kind: 'left', id: 2, presence, leaderEndOffset: 101 })
    expect(mayAnswer(behind, 101, 6_000)).toBe(false)
    expect(step(state, { kind: 'left', id: 2, presence: { fetchedMs: 0 }, leaderEndOffset: 100 })).toEqual(state)
  })
})

describe('the ISR that Castle is asked for', () => {
  const seen = (atMs: number, ...ids: number[]) => ids.map((id) => fetch(id, 100, 100, atMs))
  const view = (atMs: number, more: Partial<IsrView> = {}): IsrView => ({
    nowMs: startMs + atMs,
    lagTimeMaxMs: 2_000,
    listeningSinceMs: 0,
    leaderEndOffset: 100,
    highWatermark: 100,
    isStaying: (id, brokerEpoch) => brokerEpoch === 40 + id,
    ...more,
  })
  const two = { isr: [1, 2] }
  test.each<[string, Partial<PartitionState>, LeaderEvent[], IsrView, readonly number[] | null]>([
    ['as it is: nothing to ask', {}, seen(0, 2, 3), view(2_000), null],
    ['without one that is silent', {}, [...seen(0, 3), ...seen(1, 2)], view(2_001), [1, 2]],
    [
      'without one that fetches and does not catch up',
      {},
      [...seen(0, 2, 3), ...seen(2_000, 2), fetch(3, 50, 100, 2_000)],
      view(2_001),
      [1, 2],
    ],
    ['a new leader gives everyone time', {}, [], view(2_000), null],
    ['and then goes on without them', {}, [], view(2_001), [1]],
    [
      'a leader that was suspended blames nobody',
      {},
      seen(0, 2, 3),
      view(9_000, { listeningSinceMs: startMs + 8_000 }),
      null,
    ],
    ['with one that caught up', two, seen(0, 2, 3), view(0), [1, 2, 3]],
    ['in the order of the replicas', { isr: [1, 3] }, seen(0, 2, 3), view(0), [1, 2, 3]],
    ['not with one below the high watermark', two, [...seen(0, 2, 3), fetch(3, 99, 99, 0)], view(0), null],
    [
      "nor below the epoch's start (KIP-966)",
      two,
      [fetch(2, 100, 100, 0), fetch(3, 99, 99, 0)],
      view(0, { highWatermark: 50 }),
      null,
    ],
    [
      'nor with one that lacks what is older than a second (R2)',
      two,
      [...seen(2_000, 2), ...seen(0, 3), fetch(3, 100, 900, 2_000)],
      view(2_000, { leaderEndOffset: 900 }),
      null,
    ],
    [
      'nor with one that Castle counts as down, stopping or another process (KIP-903)',
      two,
      [...seen(0, 2), fetch(3, 100, 100, 0, 39)],
      view(0),
      null,
    ],
    ['one in, one out', two, [...seen(0, 2), ...seen(2_500, 3)], view(2_500), [1, 3]],
    ['nothing more while a proposal is open', two, [...seen(0, 2, 3), propose(1, 2, 3)], view(0), null],
    ['again when it was refused', two, [...seen(0, 2, 3), propose(1, 2, 3), refuse], view(0), [1, 2, 3]],
    [
      'nothing more once it is done',
      two,
      [...seen(0, 2, 3), propose(1, 2, 3), assign({ isr: [1, 2, 3] })],
      view(0),
      null,
    ],
    ['who is no replica any more goes', { isr: [1, 2, 9] }, seen(0, 2, 3), view(0, { isStaying: () => false }), [1, 2]],
  ])('%s', (_, assigned, events, at, expected) => {
    expect(wantedIsr(after(leading(assigned), events), at)).toEqual(expected)
  })
})
