import { expect, test } from 'vitest'
import { look, type Peer, SlowPeers } from './slow-peers.ts'

const at = (messages: number, bytes: number, slowMs: number): Peer => ({ messages, bytes, slowMs })

test.each([
  ['seen first', undefined, { messages: 3, bytes: 9 }, 0],
  ['nothing came', at(3, 9, 500), { messages: 3, bytes: 9 }, 1500],
  ['a trickle came', at(3, 9, 500), { messages: 3, bytes: 9 + 1_023_999 }, 1500],
  ['it gets on: not slower than before', at(3, 9, 500), { messages: 3, bytes: 9 + 1_024_000 }, 500],
  ['another request', at(3, 9, 500), { messages: 4, bytes: 10 }, 0],
] as const)('%s', (_, last, now, slowMs) => {
  expect(look(last, now, 1000)).toEqual({ ...now, slowMs })
})

test('of all that hold what others wait for, those are found that do not get on; who holds nothing for a while starts anew', () => {
  const peers = new SlowPeers<string>(20)
  const still = { messages: 1, bytes: 5 }
  expect(
    peers.look(
      [
        ['still', still],
        ['pausing', still],
        ['quick', still],
      ],
      10,
    ),
  ).toEqual([])
  expect(
    peers.look(
      [
        ['still', still],
        ['quick', { messages: 2, bytes: 6 }],
      ],
      10,
    ),
  ).toEqual([])
  expect(
    peers.look(
      [
        ['still', still],
        ['pausing', still],
        ['quick', { messages: 3, bytes: 7 }],
      ],
      10,
    ),
  ).toEqual(['still'])
  expect(
    peers.look(
      [
        ['still', still],
        ['pausing', still],
      ],
      10,
    ),
  ).toEqual([])
})
