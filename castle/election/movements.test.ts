import { expect, test } from 'vitest'
import type { Topic } from '../state/entities.ts'
import { Movements } from './movements.ts'

type Shown = readonly [leader: number, isr: readonly number[]]

const cases: readonly [string, Shown, Shown, { leaders: number; isrLeft: number; isrJoined: number }][] = [
  ['nothing', [1, [1, 2]], [1, [1, 2]], { leaders: 0, isrLeft: 0, isrJoined: 0 }],
  ['a leader dies', [1, [1, 2, 3]], [2, [2, 3]], { leaders: 1, isrLeft: 1, isrJoined: 0 }],
  ['a follower dies', [1, [1, 2, 3]], [1, [1, 2]], { leaders: 0, isrLeft: 1, isrJoined: 0 }],
  ['one joins', [1, [1, 2]], [1, [1, 2, 3]], { leaders: 0, isrLeft: 0, isrJoined: 1 }],
  ['one takes the place of another', [1, [1, 2]], [1, [1, 3]], { leaders: 0, isrLeft: 1, isrJoined: 1 }],
  ['the last one goes: nobody leads', [1, [1]], [-1, [1]], { leaders: 1, isrLeft: 0, isrJoined: 0 }],
]

test.each(cases)('counts what moved: %s', (_, before, after, expected) => {
  const movements = new Movements()
  movements.note(topic(after), topic(before))
  expect({ ...movements }).toEqual(expected)
})

test('partitions that are new have not moved', () => {
  const movements = new Movements()
  movements.note({ ...topic([1, [1]]), partitions: [state([1, [1]]), state([2, [2]])] }, topic([1, [1]]))
  expect({ ...movements }).toEqual({ leaders: 0, isrLeft: 0, isrJoined: 0 })
})

function state([leader, isr]: Shown) {
  return { leader, isr: [...isr], leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2, 3] }
}

function topic(shown: Shown): Topic {
  return { partitions: [state(shown)] } as unknown as Topic
}
