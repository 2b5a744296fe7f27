import { expect, test } from 'vitest'
import { CastleError } from '../errors.ts'
import { WorldClock } from '../testing/world.ts'
import { Idempotency, type KeptAnswer } from './idempotency.ts'

function counting() {
  let done = 0
  const perform = async (): Promise<KeptAnswer> => ({ status: 201, text: `answer ${++done}` })
  return { perform, done: () => done }
}

test('the same key and request is done once, also while the first is under way; another request is refused', async () => {
  const kept = new Idempotency(new WorldClock())
  const { perform, done } = counting()
  const both = await Promise.all([kept.answer('k', ['POST', 'a'], perform), kept.answer('k', ['POST', 'a'], perform)])
  expect(both).toEqual([
    { status: 201, text: 'answer 1' },
    { status: 201, text: 'answer 1' },
  ])
  await expect(kept.answer('k', ['POST', 'b'], perform)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  // The parts are told apart, not strung together.
  await expect(kept.answer('k', ['POSTa', ''], perform)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  expect(done()).toBe(1)
})

test('what failed may be tried again, what is older than ten minutes is forgotten', async () => {
  const clock = new WorldClock()
  const kept = new Idempotency(clock)
  const { perform, done } = counting()
  const fail = () => Promise.reject(new CastleError('BUSY', 'not now'))
  await expect(kept.answer('k', ['a'], fail)).rejects.toThrow('not now')
  await kept.answer('k', ['a'], perform)
  await clock.pass(9 * 60_000)
  await kept.answer('k', ['a'], perform)
  expect(done()).toBe(1)
  await clock.pass(2 * 60_000)
  await kept.answer('k', ['b'], perform)
  expect(done()).toBe(2)
})

test('what is kept is bounded in number and bytes; what is under way is never forgotten, and too much of it refused', async () => {
  const clock = new WorldClock()
  const few = new Idempotency(clock, { answersMax: 3 })
  const { perform } = counting()
  for (const key of ['a', 'b', 'c', 'd', 'e']) await few.answer(key, [key], perform)
  expect(few.size).toBe(3)
  const small = new Idempotency(clock, { bytesMax: 1_000 })
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await small.answer(key, [key], perform)
  expect(small.size).toBeLessThan(6)
  const stuck = new Idempotency(clock, { answersMax: 2 })
  const never = () => new Promise<KeptAnswer>(() => {})
  void stuck.answer('a', ['a'], never)
  void stuck.answer('b', ['b'], never)
  await expect(stuck.answer('c', ['c'], perform)).rejects.toMatchObject({ code: 'BUSY' })
})
