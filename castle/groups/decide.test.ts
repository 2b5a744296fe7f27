import type { GroupReport } from '@castellan/protocol/heartbeat'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Group, Topic } from '../state/entities.ts'
import { State } from '../state/state.ts'
import { decideGroup } from './decide.ts'

let state: State

function putTopic(name: string, partitions: number, deleted = false): void {
  const topic = { topicId: `id-${name}`, name, cluster: 'c', deleted, partitions: Array(partitions).fill({}) }
  state.apply({ kind: 'topic', key: topic.topicId, entity: topic as unknown as Topic })
}

const member = (memberId: string, topics: string[], target: Record<string, number[]> = {}) => ({
  memberId,
  rack: null,
  topics,
  target,
})
const report = (membership: number, ...members: ReturnType<typeof member>[]): GroupReport => {
  return { group: 'g', membership, revision: 1, groupEpoch: 1, members }
}
const decide = (told: GroupReport, known?: Group) => decideGroup(state, 'c', told, known)
const decided = (told: GroupReport, known?: Group): Group => ({ ...(decide(told, known) as Group), version: 1 })

beforeEach(() => {
  state = new State()
  putTopic('orders', 4)
  putTopic('bills', 2)
})

describe('the target of a group', () => {
  test('gives each partition of subscribed topics to one member', () => {
    const { target, counts } = decided(report(1, member('a', ['orders']), member('b', ['orders', 'bills'])))
    const owners = (id: string) =>
      Object.entries(target).flatMap(([who, of]) => (of[id] ?? []).map((partition) => `${partition}${who}`))
    expect(
      owners('id-orders')
        .map((each) => each[0])
        .sort(),
    ).toEqual(['0', '1', '2', '3'])
    expect(owners('id-bills').sort()).toEqual(['0b', '1b'])
    expect(counts).toEqual({ 'id-orders': 4, 'id-bills': 2 })
  })

  test('starts from what the coordinator has now: what may stay, stays', () => {
    const now = { a: { 'id-orders': [3, 1] }, b: { 'id-orders': [0, 2] } }
    const { target } = decided(report(1, member('a', ['orders'], now.a), member('b', ['orders'], now.b)))
    expect(target).toEqual({ a: { 'id-orders': [1, 3] }, b: { 'id-orders': [0, 2] } })
  })

  test('stands while membership and partitions are the same', () => {
    const known = decided(report(1, member('a', ['orders'])))
    expect(decide(report(1, member('a', ['orders'])), known)).toBeUndefined()
  })

  test.each([
    ['the membership changed, even to one that gets the same', () => {}, report(2, member('a', ['orders']))],
    ['a topic of theirs is deleted', () => putTopic('orders', 0, true), report(1, member('a', ['orders']))],
    ['a topic of theirs is made', () => putTopic('new', 3), report(1, member('a', ['orders', 'new']))],
  ])('is decided anew when %s', (_, happen, told) => {
    const known = decided(report(1, member('a', ['orders', 'new'])))
    happen()
    expect(decide(told, known)).toMatchObject({ membership: told.membership })
  })

  test('topics that do not exist give nothing, and stop nobody', () => {
    expect(decided(report(1, member('a', ['nowhere']))).target).toEqual({ a: {} })
  })

  test('a group without members that was never known has none', () => {
    expect(decide(report(1))).toBeUndefined()
    expect(decide(report(2), decided(report(1, member('a', ['orders']))))).toMatchObject({ membership: 2, target: {} })
  })
})
