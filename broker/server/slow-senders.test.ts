import { expect, test } from 'vitest'
import { look, type Sender } from './slow-senders.ts'

const at = (requests: number, bytes: number, slowMs: number): Sender => ({ requests, bytes, slowMs })

test.each([
  ['seen first', undefined, { requests: 3, bytes: 9 }, 0],
  ['nothing came', at(3, 9, 500), { requests: 3, bytes: 9 }, 1500],
  ['a trickle came', at(3, 9, 500), { requests: 3, bytes: 9 + 1_023_999 }, 1500],
  ['it gets on: not slower than before', at(3, 9, 500), { requests: 3, bytes: 9 + 1_024_000 }, 500],
  ['another request', at(3, 9, 500), { requests: 4, bytes: 10 }, 0],
] as const)('%s', (_, last, now, slowMs) => {
  expect(look(last, now, 1000)).toEqual({ ...now, slowMs })
})
