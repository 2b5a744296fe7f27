import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import type { Message } from '../kafka/message.ts'
import { abandoned } from './attempts.ts'
import { AssignedPartition } from './partition.ts'
import { Pull } from './pull.ts'
import type { HandlerContext } from './types.ts'

const { clock } = nodeRuntime()

/** A partition, and how often it was woken. */
function partitionOf(partition: number) {
  const made = new AssignedPartition({ topic: 't', topicId: 'id', partition }, 1, silentLogger)
  const woken = { times: 0 }
  const watch = (): Promise<void> =>
    made.waitForWake(clock).then(() => {
      woken.times++
      return watch()
    })
  void watch()
  return { partition: made, woken }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const contextOf = (signal = new AbortController().signal) => ({ signal, attempt: 1 }) as HandlerContext
const messageOf = (offset: number) => ({ topic: 't', offset }) as Message
const none = new Map()

test('nobody may take before the loop asks; then the one that waits longest, and each has its turn', async () => {
  const pull = new Pull(clock)
  const [a, b] = [partitionOf(0), partitionOf(1)]
  expect([pull.enter(a.partition), pull.enter(b.partition)]).toEqual([false, false])
  const next = pull.next()
  await turn()
  expect([a.woken.times, b.woken.times]).toEqual([1, 0])
  expect([pull.enter(b.partition), pull.enter(a.partition)]).toEqual([false, true])
  void pull.mode(none).handle(messageOf(5), contextOf())
  expect((await next)?.message).toMatchObject({ offset: 5 })
  expect(pull.enter(a.partition)).toBe(false)
  void pull.next()
  await turn()
  expect([pull.enter(a.partition), pull.enter(b.partition)]).toEqual([false, true])
})

test('one that may take and has nothing, after all, lets the next one have its turn', async () => {
  const pull = new Pull(clock)
  const [a, b] = [partitionOf(0), partitionOf(1)]
  pull.enter(a.partition)
  pull.enter(b.partition)
  void pull.next()
  await turn()
  expect(pull.enter(a.partition)).toBe(true)
  pull.leave(a.partition)
  await turn()
  expect(b.woken.times).toBe(1)
})

test('one whose message cannot be decoded lets the next one have its turn', async () => {
  const pull = new Pull(clock)
  const [a, b] = [partitionOf(0), partitionOf(1)]
  pull.enter(a.partition)
  pull.enter(b.partition)
  void pull.next()
  await turn()
  pull.enter(a.partition)
  const decode = () => {
    throw new Error('no good')
  }
  expect(() => pull.mode(new Map([['t', { decode }]])).handle(messageOf(1), contextOf())).toThrow('no good')
  await turn()
  expect(b.woken.times).toBe(1)
})

test('what comes when nobody asks is kept for the next one who does, as long as it is ours', async () => {
  const pull = new Pull(clock)
  const mode = pull.mode(none)
  const lost = new AbortController()
  const first = mode.handle(messageOf(1), contextOf(lost.signal)) as Promise<void>
  const second = mode.handle(messageOf(2), contextOf()) as Promise<void>
  lost.abort()
  await expect(first).rejects.toBe(abandoned)
  const handed = await pull.next()
  expect(handed?.message).toMatchObject({ offset: 2 })
  handed?.done()
  await second
})

test('when the consumer closes, what nobody asked for is let go, and the loop hears how it ended', async () => {
  const pull = new Pull(clock)
  const mode = pull.mode(none)
  const waiting = mode.handle(messageOf(1), contextOf()) as Promise<void>
  pull.close()
  await expect(waiting).rejects.toBe(abandoned)
  await expect(mode.handle(messageOf(2), contextOf())).rejects.toBe(abandoned)
  const asked = pull.next()
  await turn()
  pull.ended(null)
  expect(await asked).toBeNull()
  expect(await pull.next()).toBeNull()
})
