import type { PartitionState } from '@castellan/protocol/heartbeat'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advance, begin, cancel, isReassigning, originOf, type Step, settle, targetOf } from './reassign.ts'

type Lists = Partial<Pick<PartitionState, 'adding' | 'removing' | 'removed' | 'elr'>>

/** Led by `leader` at epoch 5, partition epoch 9. */
const led = (leader: number, replicas: number[], isr: number[], more: Lists = {}): PartitionState => {
  return { leader, leaderEpoch: 5, partitionEpoch: 9, replicas, isr, ...more }
}
const anyone = () => true
const rules = (minIsr: number, handsOver = false) => ({ minIsr, handsOver })
const stateOf = (step: Step) => (step.kind === 'done' ? step.state : undefined)

describe('a reassignment begins', () => {
  const full = led(1, [1, 2, 3], [1, 2, 3])
  const table: [string, PartitionState, number[], Partial<PartitionState> | 'not-in-sync'][] = [
    ['what is already so', full, [1, 2, 3], { replicas: [1, 2, 3], isr: [1, 2, 3], leader: 1 }],
    ['another preferred leader is only another order', full, [2, 1, 3], { replicas: [2, 1, 3], leader: 1 }],
    ['one more', full, [1, 2, 3, 4], { replicas: [1, 2, 3, 4], adding: [4], isr: [1, 2, 3] }],
    ['one for another', full, [1, 2, 4], { replicas: [1, 2, 4, 3], adding: [4], removing: [3] }],
    ['all others', full, [4, 5, 6], { replicas: [4, 5, 6, 1, 2, 3], adding: [4, 5, 6], removing: [1, 2, 3] }],
    ['one less is done at once', full, [1, 2], { replicas: [1, 2], isr: [1, 2], removed: [3] }],
    [
      'the leader is the one less: another leads',
      full,
      [2, 3],
      { replicas: [2, 3], isr: [2, 3], removed: [1], leader: 2, leaderEpoch: 6 },
    ],
    [
      'one less, but too few would be in sync: it waits',
      led(1, [1, 2, 3], [1, 3]),
      [1, 2],
      { replicas: [1, 2, 3], removing: [3], isr: [1, 3] },
    ],
    ['to one replica', full, [1], { replicas: [1], isr: [1], removed: [2, 3] }],
    [
      'another one instead of what is under way: who was to come is removed',
      led(1, [1, 4, 2], [1, 2, 4], { adding: [4], removing: [2] }),
      [1, 5],
      { replicas: [1, 5, 2], adding: [5], removing: [2], removed: [4], isr: [1, 2] },
    ],
    [
      'who is on its way out comes back',
      led(1, [1, 2], [1, 2], { removed: [3] }),
      [1, 2, 3],
      { replicas: [1, 2, 3], adding: [3] },
    ],
    [
      'only who came is in sync: what is under way cannot be replaced',
      led(4, [1, 4], [4], { adding: [4] }),
      [1, 5],
      'not-in-sync',
    ],
  ]
  test.each(table)('%s', (_, before, target, expected) => {
    const step = begin(before, target, rules(2), anyone)
    if (expected === 'not-in-sync') return expect(step).toEqual({ kind: 'not-in-sync' })
    const { leader, leaderEpoch, isr } = before
    const state = stateOf(step)
    expect(state).toEqual({ leader, leaderEpoch, isr, ...expected, partitionEpoch: state?.partitionEpoch })
    expect(state?.partitionEpoch).toBeGreaterThan(9)
  })
})

describe('it goes on when those who come are in sync', () => {
  const moving = (isr: number[], leader = 1) => led(leader, [4, 5, 1, 2], isr, { adding: [4, 5], removing: [1, 2] })
  const table: [string, PartitionState, Partial<PartitionState> | undefined][] = [
    ['nothing is under way', led(1, [1, 2], [1, 2]), undefined],
    ['one of two', moving([4, 1, 2]), undefined],
    ['both: another leads', moving([4, 5, 1, 2]), { leader: 4, leaderEpoch: 6, replicas: [4, 5], isr: [4, 5] }],
    ['both, and one of them leads already', moving([4, 5], 5), { leader: 5, replicas: [4, 5], isr: [4, 5] }],
    ['nobody leads', moving([4, 5], -1), undefined],
  ]
  test.each(table)('%s', (_, before, expected) => {
    const after = advance(before, rules(2), anyone)
    if (expected === undefined) return expect(after).toBeUndefined()
    expect(after).toEqual({ leader: before.leader, leaderEpoch: 5, partitionEpoch: 10, removed: [1, 2], ...expected })
  })

  test('a leader is chosen that can lead', () => {
    expect(advance(moving([4, 5, 1, 2]), rules(2), (id) => id === 5)).toMatchObject({ leader: 5, leaderEpoch: 6 })
    expect(advance(moving([4, 5, 1, 2]), rules(2), () => false)).toBeUndefined()
  })

  test('who left the in-sync ones on the way takes the eligible ones with it', () => {
    const before = led(1, [1, 2, 3], [1, 2], { elr: [3], removing: [3] })
    const after = { ...led(1, [1, 2], [1, 2], { removed: [3] }), partitionEpoch: 10 }
    expect(advance(before, rules(2), anyone)).toEqual(after)
  })
})

describe('where only a death may lose something (Ack 1), a leader that goes hands over', () => {
  const handing = rules(2, true)
  const full = led(1, [1, 2, 3], [1, 2, 3])

  test('one less, the leader: it leads until another can, and then goes', () => {
    const begun = stateOf(begin(full, [2, 3], handing, anyone))!
    expect(begun).toMatchObject({ leader: 1, leaderEpoch: 5, replicas: [2, 3, 1], removing: [1], next: 2 })
    expect(advance(begun, handing, anyone)).toBeUndefined()
    const { next: _, ...led2 } = { ...begun, leader: 2, leaderEpoch: 6 }
    expect(advance(led2, handing, anyone)).toMatchObject({ leader: 2, leaderEpoch: 6, replicas: [2, 3], removed: [1] })
  })

  test('who was to be next cannot lead any more: another one', () => {
    const begun = { ...stateOf(begin(full, [2, 3], handing, anyone))!, isr: [1, 3] }
    expect(advance(begun, rules(1, true), (id) => id !== 2)).toMatchObject({ leader: 1, next: 3 })
  })

  test('not before those who come are in sync', () => {
    const begun = stateOf(begin(full, [4, 2, 3], handing, anyone))!
    expect(begun).toMatchObject({ leader: 1, adding: [4], removing: [1] })
    expect(begun.next).toBeUndefined()
    expect(advance({ ...begun, isr: [1, 2, 3, 4] }, handing, anyone)).toMatchObject({ leader: 1, next: 4 })
  })

  test('taken back while one leads that came: it hands over, and goes', () => {
    const before = led(4, [4, 1, 2], [4, 1, 2], { adding: [4] })
    const back = stateOf(cancel(before, handing, anyone))!
    expect(back).toMatchObject({ leader: 4, leaderEpoch: 5, next: 1, removing: [4] })
    expect(targetOf(back)).toEqual([1, 2])
  })
})

describe('it is taken back', () => {
  test('those who came are removed, and one of them leads no more', () => {
    const before = led(4, [4, 1, 2], [4, 1], { adding: [4], removing: [2] })
    expect(stateOf(cancel(before, rules(1), anyone))).toEqual({
      ...led(1, [1, 2], [1], { removed: [4] }),
      leaderEpoch: 6,
      partitionEpoch: 10,
    })
  })

  test('but not where only they are in sync', () => {
    expect(cancel(led(4, [4, 1], [4], { adding: [4] }), rules(1), anyone)).toEqual({ kind: 'not-in-sync' })
  })
})

test('the record of a removal stays until each broker reported its log gone', () => {
  const before = led(1, [1], [1], { removed: [2, 3] })
  expect(settle(before, () => false)).toBeUndefined()
  expect(settle(before, (id) => id === 2)).toEqual(led(1, [1], [1], { removed: [3] }))
  expect(settle(before, () => true)).toEqual(led(1, [1], [1]))
})

describe('whatever is asked, joins and leaves', () => {
  const ids = fc.integer({ min: 1, max: 6 })
  const event = fc.oneof(
    fc.record({ kind: fc.constant('begin' as const), target: fc.uniqueArray(ids, { minLength: 1, maxLength: 4 }) }),
    fc.record({ kind: fc.constant('cancel' as const) }),
    fc.record({ kind: fc.constant('join' as const), id: ids }),
    fc.record({ kind: fc.constant('leave' as const), id: ids }),
  )
  test('the in-sync ones are never lost, sets never contradict each other, and all in sync ends it', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), (events, minIsr) => {
        let state = led(1, [1, 2, 3], [1, 2, 3])
        for (const each of events) {
          const before = state
          if (each.kind === 'begin') state = stateOf(begin(state, each.target, rules(minIsr), anyone)) ?? state
          else if (each.kind === 'cancel') state = stateOf(cancel(state, rules(minIsr), anyone)) ?? state
          else if (each.kind === 'join' && state.replicas.includes(each.id)) {
            state = { ...state, isr: [...new Set([...state.isr, each.id])] }
          } else if (each.kind === 'leave' && each.id !== state.leader) {
            state = { ...state, isr: state.isr.filter((id) => id !== each.id) }
          }
          state = advance(state, rules(minIsr), anyone) ?? state
          const { replicas, isr, leader, adding = [], removing = [], removed = [] } = state
          expect(new Set(replicas).size).toBe(replicas.length)
          expect(isr.length).toBeGreaterThan(0)
          expect(isr.every((id) => replicas.includes(id))).toBe(true)
          expect(isr).toContain(leader)
          expect([...adding, ...removing].every((id) => replicas.includes(id))).toBe(true)
          expect(removed.some((id) => replicas.includes(id))).toBe(false)
          expect(originOf(state).length).toBeGreaterThan(0)
          expect(targetOf(state).length).toBeGreaterThan(0)
          // Whoever had a log and is no replica any more is on record.
          for (const id of before.replicas) if (!replicas.includes(id)) expect(removed).toContain(id)
          if (state !== before && leader !== before.leader)
            expect(state.leaderEpoch).toBeGreaterThan(before.leaderEpoch)
          // What leaves by a reassignment leaves enough behind.
          if (each.kind !== 'leave' && isr.length < before.isr.length) {
            expect(isr.length).toBeGreaterThanOrEqual(Math.min(minIsr, replicas.length))
          }
        }
        const all = { ...state, isr: [...state.replicas] }
        expect(isReassigning(advance(all, rules(minIsr), anyone) ?? all)).toBe(false)
      }),
    )
  })
})
