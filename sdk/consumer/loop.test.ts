// `for await (const message of consumer)`.
import { expect, test } from 'vitest'
import { serdes } from '../serde/serde.ts'
import { topic } from '../serde/topic.ts'
import { aborted, until, useGroup } from '../testing/use-group.ts'
import type { Consumer } from './consumer.ts'

const bench = useGroup()

test('a message is done when the next one is asked for', async () => {
  const { group } = bench
  group.append(0, 'a', 'b', 'c')
  const consumer = bench.consumer()
  const seen: [string, number][] = []
  for await (const message of consumer) {
    seen.push([message.text!, consumer.assignment[0]!.offset])
    if (message.text === 'c') break
  }
  expect(seen.map(([text]) => text)).toEqual(['a', 'b', 'c'])
  for (const [index, [, offset]] of seen.entries()) expect(offset).toBe(index)
  // What was in hand is not done; the consumer has left.
  expect(group.committed.get(0)).toBe(2)
  expect(group.heartbeats.at(-1)?.memberEpoch).toBe(-1)
  await expect(consumer.run(() => {})).rejects.toMatchObject({ code: 'CLOSED' })
})

test('an error in its body leaves the message not done, and comes out', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const body = async () => {
    for await (const message of bench.consumer()) if (message.text === 'b') throw new Error('no good')
  }
  await expect(body()).rejects.toThrow('no good')
  expect(group.committed.get(0)).toBe(1)
})

test('what was committed by hand before it was left stays committed', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer()
  for await (const message of consumer) {
    await consumer.commit(message)
    break
  }
  expect(group.committed.get(0)).toBe(1)
})

test('a commit by hand stays, also when one of itself is under way', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ autoCommitIntervalMs: 1 })
  const messages = consumer[Symbol.asyncIterator]()
  const { value } = await messages.next()
  // One after the other at the coordinator; the second must not be taken back by what was due before it.
  await Promise.all([consumer.commit(), consumer.commit(value!), consumer.commit()])
  expect(group.committed.get(0)).toBe(1)
  await messages.return(undefined)
  expect(group.committed.get(0)).toBe(1)
})

test('nothing is taken before it is asked for: a partition that nobody looks at goes at once', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  group.append(0, 'a', 'b')
  const consumer = bench.consumer({ revokeTimeoutMs: 60_000 })
  const messages = consumer[Symbol.asyncIterator]()
  const first = await messages.next()
  expect(first.value?.partition).toBe(0)
  group.append(1, 'x')
  await bench.heartbeats(2)
  group.assigned = [0]
  await until(() => consumer.assignment.map(({ partition }) => partition)).toEqual([0])
  expect(await messages.next()).toMatchObject({ value: { partition: 0, text: 'b' } })
  await messages.return(undefined)
})

/** Both partitions are at hand, before anything counts. */
async function fetchesOfBoth(consumer: Consumer): Promise<void> {
  await until(() => consumer.assignment.every(({ offset }) => offset >= 0)).toBe(true)
  const fetches = () => bench.group.broker.asked.filter((name) => name === 'Fetch').length
  const before = fetches()
  await until(fetches).toBeGreaterThan(before + 4)
}

test('partitions take turns, however much one of them has', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  group.append(0, ...Array.from({ length: 200 }, (_, n) => `0-${n}`))
  group.append(1, ...Array.from({ length: 200 }, (_, n) => `1-${n}`))
  const consumer = bench.consumer()
  const seen: number[] = []
  for await (const { partition } of consumer) {
    if (seen.length === 0) await fetchesOfBoth(consumer)
    if (seen.push(partition) === 100) break
  }
  const late = seen.slice(20)
  expect(late.filter((partition) => partition === 0).length).toBe(late.length / 2)
})

test('it ends when the consumer is closed, and the message in hand may be finished', async () => {
  const { group } = bench
  group.append(0, 'a', 'b')
  const consumer = bench.consumer()
  const seen: string[] = []
  for await (const message of consumer) {
    seen.push(message.text!)
    void consumer.close()
  }
  expect(seen).toEqual(['a'])
  expect(group.committed.get(0)).toBe(1)
})

test('what ends the consumer comes out of the loop', async () => {
  const body = async () => {
    for await (const _ of bench.consumer({ start: 'none' })) expect.fail('there is no message')
  }
  await expect(body()).rejects.toMatchObject({ code: 'OFFSET_MISSING' })
})

test('the context of the message in hand: its signal aborts when the partition is lost', async () => {
  const { group } = bench
  group.append(0, 'a')
  const consumer = bench.consumer({ revokeTimeoutMs: 1 })
  const messages = consumer[Symbol.asyncIterator]()
  const { value } = await messages.next()
  const { signal, attempt, assignmentEpoch } = consumer.contextOf(value!)
  expect([attempt, assignmentEpoch, signal.aborted]).toEqual([1, 1, false])
  group.assigned = []
  await aborted(signal)
  await messages.return(undefined)
  expect(() => consumer.contextOf({} as never)).toThrow(expect.objectContaining({ code: 'NOT_ASSIGNED' }))
  expect(group.committed.get(0) ?? 0).toBe(0)
})

test('a second loop is refused, and the first goes on', async () => {
  const { group } = bench
  const consumer = bench.consumer()
  const messages = consumer[Symbol.asyncIterator]()
  const first = messages.next()
  await expect(consumer[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
  group.append(0, 'a')
  expect(await first).toMatchObject({ value: { text: 'a' } })
  await messages.return(undefined)
})

test('a message that cannot be decoded stops its partition, and no other', async () => {
  const { group } = bench
  group.assigned = [0, 1]
  group.append(0, '{', '{"n":1}')
  const orders = topic('orders', { value: serdes.json<{ n: number }>() })
  const consumer = bench.consumer<{ value: { n: number } | null }>({
    topics: [orders],
    retry: { maxAttempts: 1, initialIntervalMs: 1 },
  })
  const messages = consumer[Symbol.asyncIterator]()
  const next = messages.next()
  await until(() => consumer.stuck).toMatchObject([{ partition: 0, offset: 0, code: 'MESSAGE_UNDECODABLE' }])
  group.append(1, '{"n":7}')
  expect((await next).value?.value).toEqual({ n: 7 })
  const after = messages.next()
  await consumer.seek('orders', 0, 1)
  expect((await after).value?.value).toEqual({ n: 1 })
  expect(consumer.stuck).toEqual([])
  await messages.return(undefined)
})
