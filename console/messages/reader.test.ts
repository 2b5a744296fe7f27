import { expect, test } from 'vitest'
import { ApiError, ownProblem } from '../api/problem.ts'
import type { MessagesPage } from '../api/types.ts'
import { Reader } from './reader.ts'

interface Asked {
  readonly cursor: string | undefined
  readonly waitMs: number
  readonly signal: AbortSignal
  answer(page: Partial<MessagesPage>): Promise<void>
  fail(error: Error): Promise<void>
}

/** A Castle that answers when the test says so; pauses end when the test lets them. */
function world() {
  const asked: Asked[] = []
  const pauses: (() => void)[] = []
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
  const reader = new Reader({
    ask: ({ cursor, waitMs }, signal) =>
      new Promise((resolve, reject) => {
        asked.push({
          ...{ cursor, waitMs, signal },
          answer: (page) => {
            const empty = {
              items: [],
              next: `c${asked.length}`,
              scanned: [],
              complete: false,
              unreadable: [],
              problem: null,
            }
            resolve({ ...empty, ...page })
            return settled()
          },
          fail: (error) => {
            reject(error)
            return settled()
          },
        })
      }),
    pause: () => new Promise((resolve) => pauses.push(resolve)),
    nowMs: () => 1,
  })
  const last = () => asked.at(-1) as Asked
  return { reader, asked, last, pauses, settled }
}

const messages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ partition: 0, offset: from + index, timestamp: null, key: null, value: null, headers: [] },
    ...{ headersLeftOut: 0, valueBytes: 0, keyBytes: 0 },
  }))

test('a first page, and no more until asked', async () => {
  const { reader, asked, last } = world()
  reader.restart()
  expect(reader.state.activity).toBe('first')
  await last().answer({ items: messages(3) })
  expect(reader.state).toMatchObject({ activity: 'idle', error: null, reading: { found: 3 } })
  expect(asked).toHaveLength(1)
})

test('more goes on until a hundred are found or the end', async () => {
  const { reader, asked, last } = world()
  reader.restart()
  await last().answer({})
  reader.more()
  await last().answer({ items: messages(60) })
  expect(last().cursor).toBe('c2')
  await last().answer({ items: messages(40, 60) })
  expect(reader.state.activity).toBe('idle')
  reader.more()
  await last().answer({ complete: true })
  expect(reader.state.activity).toBe('idle')
  expect(asked).toHaveLength(4)
})

test('stop gives up a scan, and what it had on its way', async () => {
  const { reader, last } = world()
  reader.restart()
  await last().answer({})
  reader.more()
  reader.stop()
  expect(last().signal.aborted).toBe(true)
  await last().answer({ items: messages(5) })
  expect(reader.state).toMatchObject({ activity: 'idle', reading: { found: 0 } })
})

test('following begins after the first page, waits at the end, and ends at once', async () => {
  const { reader, last } = world()
  reader.follow(true)
  reader.restart()
  expect(last().waitMs).toBe(0)
  await last().answer({ complete: true })
  expect(reader.state.activity).toBe('following')
  expect(last().waitMs).toBeGreaterThan(0)
  await last().answer({ items: messages(2), complete: true })
  expect(reader.state.reading.found).toBe(2)
  reader.follow(false)
  expect(last().signal.aborted).toBe(true)
  expect(reader.state.activity).toBe('idle')
})

test('following outlives a Castle that is away, and goes on where it stood', async () => {
  const { reader, asked, last, pauses, settled } = world()
  reader.restart()
  await last().answer({ next: 'here' })
  reader.follow(true)
  await last().fail(new ApiError(ownProblem('CASTLE_AWAY', 'away')))
  expect(reader.state).toMatchObject({ activity: 'following', error: expect.any(ApiError) })
  const before = asked.length
  pauses.shift()?.()
  await settled()
  expect(asked).toHaveLength(before + 1)
  expect(last().cursor).toBe('here')
  await last().answer({})
  expect(reader.state.error).toBeNull()
})

test('a refusal ends following, and so it does a first page', async () => {
  const refusal = new ApiError({ ...ownProblem('CASTLE_AWAY', ''), code: 'CURSOR_WRONG', status: 400 })
  const { reader, last, pauses } = world()
  reader.follow(true)
  reader.restart()
  await last().answer({})
  await last().fail(refusal)
  expect(reader.state).toMatchObject({ activity: 'idle', error: refusal })
  reader.restart()
  expect(reader.state.error).toBeNull()
  await last().fail(refusal)
  expect(reader.state).toMatchObject({ activity: 'idle', error: refusal })
  expect(pauses).toHaveLength(0)
})

test('brokers that refuse are not asked without a pause', async () => {
  const { reader, asked, last, pauses } = world()
  reader.restart()
  await last().answer({})
  reader.follow(true)
  await last().answer({ problem: 'broker 2 does not answer' })
  expect(pauses).toHaveLength(1)
  expect(asked).toHaveLength(2)
})
