// One fetcher against leaders of every kind: it takes what is sound, and never asks in a busy loop.
import {
  type Api,
  apiVersions,
  decodeRequestHeader,
  encodeResponse,
  errors,
  type FetchRequest,
  fetch,
  Reader,
  type ResponseInput,
  SlabPool,
} from '@castellan/protocol'
import {
  Complaints,
  type Connection,
  type ConnectionHandlers,
  type Runtime,
  silentLogger,
} from '@castellan/protocol/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Outcome, Position } from '../partition/following.ts'
import type { Partition } from '../partition/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Fetcher } from './fetcher.ts'
import type { FetcherCounters } from './fetcher-options.ts'

type Answer = ResponseInput<typeof fetch>
/** What a leader does with a fetch; null: nothing, ever. */
type Manner = (request: FetchRequest, leader: FakeLeader) => Answer | 'close' | 'garbage' | null

const topicId = '11111111-1111-4111-8111-111111111111'

/** The other end of every connection. */
class FakeLeader {
  connects = 0
  requests: FetchRequest[] = []
  refusesConnections = false
  manner: Manner = () => null
  /** Sends an answer to the oldest request that has none. */
  answer: (answer: Answer) => void = () => {}

  connect(): Connection {
    this.connects++
    if (this.refusesConnections) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    let handlers: ConnectionHandlers | undefined
    const deliver = (chunks: readonly Uint8Array[]) => {
      for (let bytes: Uint8Array = Buffer.concat(chunks); bytes.length > 0; ) {
        const target = handlers!.readBuffer()
        const part = bytes.subarray(0, target.length)
        target.set(part)
        handlers!.onRead(part.length)
        bytes = bytes.subarray(part.length)
      }
    }
    const close = () => handlers?.onClose(null)
    const open: number[] = []
    this.answer = (answer) => deliver(encodeResponse(fetch, 18, open.shift()!, answer))
    return {
      peer: 'leader:9092',
      bufferedBytes: 0,
      start: (given) => {
        handlers = given
      },
      write: (chunks, onSent) => {
        const bytes = Buffer.concat(chunks).subarray(4)
        onSent?.()
        void Promise.resolve().then(() => this.#serve(bytes, open, deliver, close))
        return true
      },
      pause: () => {},
      resume: () => {},
      end: close,
      destroy: () => {},
      reset: close,
    }
  }

  #serve(bytes: Uint8Array, open: number[], deliver: (chunks: readonly Uint8Array[]) => void, close: () => void): void {
    const reader = new Reader(bytes, 0, bytes.length)
    const { apiKey, apiVersion, correlationId } = decodeRequestHeader(reader)
    if (apiKey === apiVersions.key) {
      const apiKeys = [fetch as Api, apiVersions as Api].map(({ key, versions }) => ({
        apiKey: key,
        minVersion: versions[0],
        maxVersion: versions[1],
      }))
      return deliver(encodeResponse(apiVersions, apiVersion, correlationId, { errorCode: 0, apiKeys }))
    }
    const request = fetch.request.decode(reader, apiVersion) as FetchRequest
    this.requests.push(request)
    open.push(correlationId)
    const answer = this.manner(request, this)
    if (answer === 'close') return close()
    if (answer === 'garbage') return deliver([Uint8Array.of(0, 0, 0, 6, 9, 9, 9, 9, 9, 9)])
    if (answer !== null) this.answer(answer)
  }
}

/** A partition that counts what it is given: a record is one byte. */
class FakePartition {
  readonly topicId = topicId
  readonly topic = 'orders'
  readonly index: number
  offset = 0
  taken: unknown[] = []
  next: Outcome | Promise<Outcome> = { kind: 'now' }
  readonly following = {
    begin: (): Outcome => ({ kind: 'now' }),
    position: {} as Position,
    take: (asked: Position, answer: { errorCode: number; records: Uint8Array | null }) => {
      if (asked.offset !== this.offset) return { kind: 'stale' as const }
      this.taken.push(answer.errorCode === 0 ? (answer.records?.length ?? 0) : errorName(answer.errorCode))
      this.offset += answer.records?.length ?? 0
      return answer.errorCode === 0 ? this.next : { kind: 'later' as const, reason: null }
    },
  }

  constructor(index: number) {
    this.index = index
    const offset = () => this.offset
    Object.defineProperty(this.following, 'position', {
      get: () => ({ leaderEpoch: 1, offset: offset(), lastEpoch: 1, startOffset: 0, isSynced: false }),
    })
  }
}

function errorName(code: number): string {
  return Object.values(errors).find((error) => error.code === code)?.name ?? String(code)
}

function answerOf(
  partitions: { index: number; records?: number; errorCode?: number }[],
  top: Partial<Answer> = {},
): Answer {
  const all = partitions.map(({ index, records = 0, errorCode = 0 }) => ({
    partitionIndex: index,
    errorCode,
    highWatermark: 0,
    records: new Uint8Array(records),
  }))
  const responses = all.length > 0 ? [{ topicId, partitions: all }] : []
  return { errorCode: 0, sessionId: 7, responses, ...top }
}

let clock: FakeClock
let leader: FakeLeader
let fetcher: Fetcher
let counters: FetcherCounters

beforeEach(() => {
  clock = new FakeClock()
  leader = new FakeLeader()
  counters = { fetches: 0, fetchedBytes: 0, staleAnswers: 0, failures: 0 }
  const random = { next: () => 0.5, bytes: (length: number) => new Uint8Array(length) }
  const network = { connect: async () => leader.connect() }
  fetcher = new Fetcher(2, {
    runtime: { clock, random, network } as unknown as Runtime,
    log: silentLogger,
    complaints: new Complaints(clock, silentLogger),
    pool: new SlabPool({ slabBytes: 65_536, keepBytesMax: 1_000_000, poison: true }),
    release: 'test',
    brokerId: 1,
    brokerEpoch: () => 5,
    counters,
  })
})
afterEach(() => fetcher.close())

function follow(...indexes: number[]): FakePartition[] {
  const partitions = indexes.map((index) => new FakePartition(index))
  fetcher.setAddress({ host: 'leader', port: 9092 })
  for (const partition of partitions) fetcher.follow(partition as unknown as Partition)
  return partitions
}

const askedIn = ({ topics }: FetchRequest) =>
  topics.flatMap((topic) => topic.partitions.map(({ partition }) => partition))

test('asks for all at once, and on in the turn in which the answer came: for what changed alone', async () => {
  const [first, second] = follow(0, 1)
  await clock.turn()
  expect(leader.requests.map(askedIn)).toEqual([[0, 1]])
  expect(leader.requests[0]).toMatchObject({
    replicaState: { replicaId: 1, replicaEpoch: 5 },
    minBytes: 1,
    maxWaitMs: 500,
  })
  leader.answer(answerOf([{ index: 0, records: 3 }]))
  await clock.turn()
  expect([first!.offset, second!.offset]).toEqual([3, 0])
  expect(leader.requests.slice(1).map((request) => [askedIn(request), request.sessionId])).toEqual([[[0], 7]])
  expect(counters).toMatchObject({ fetches: 2, fetchedBytes: 3, failures: 0 })
})

test('what becomes ready while a fetch waits is asked for at once, behind it; two are in flight at most', async () => {
  follow(0)
  await clock.turn()
  leader.answer(answerOf([]))
  await clock.turn()
  for (const index of [1, 2, 3]) {
    fetcher.follow(new FakePartition(index) as unknown as Partition)
    await clock.turn()
  }
  expect(leader.requests.map(askedIn)).toEqual([[0], [], [1]])
  leader.answer(answerOf([]))
  await clock.turn()
  expect(leader.requests.map(askedIn).at(-1)).toEqual([2, 3])
})

test('one that is busy, or has trouble, holds up no other', async () => {
  const [first, second] = follow(0, 1)
  let idle: (outcome: Outcome) => void = () => {}
  first!.next = new Promise((resolve) => {
    idle = resolve
  })
  await clock.turn()
  leader.answer(
    answerOf([
      { index: 0, records: 1 },
      { index: 1, errorCode: errors.UNKNOWN_LEADER_EPOCH.code },
    ]),
  )
  await clock.turn()
  expect(second!.taken).toEqual(['UNKNOWN_LEADER_EPOCH'])
  await clock.advance(20)
  expect(askedIn(leader.requests.at(-1)!)).toEqual([1])
  idle({ kind: 'now' })
  first!.next = { kind: 'now' }
  await clock.turn()
  expect(askedIn(leader.requests.at(-1)!)).toContain(0)
})

test.each<[string, (leader: FakeLeader) => void, connectsMax: number, requestsMax: number]>([
  ['refuses connections', (one) => Object.assign(one, { refusesConnections: true }), 20, 0],
  ['closes after each question', (one) => Object.assign(one, { manner: () => 'close' }), 20, 20],
  ['answers garbage', (one) => Object.assign(one, { manner: () => 'garbage' }), 20, 20],
  ['never answers', (one) => Object.assign(one, { manner: () => null }), 3, 3],
  ['answers at once, always, with nothing', (one) => Object.assign(one, { manner: () => answerOf([]) }), 1, 150],
  [
    'has forgotten every session',
    (one) => Object.assign(one, { manner: () => answerOf([], { errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code }) }),
    1,
    150,
  ],
  [
    'refuses to be followed',
    (one) => Object.assign(one, { manner: () => answerOf([], { errorCode: errors.UNKNOWN_SERVER_ERROR.code }) }),
    20,
    20,
  ],
  [
    'is no leader of the partition',
    (one) => {
      one.manner = () => answerOf([{ index: 0, errorCode: errors.NOT_LEADER_OR_FOLLOWER.code }])
    },
    1,
    30,
  ],
])('a leader that %s is asked less and less often', async (_, prepare, connectsMax, requestsMax) => {
  prepare(leader)
  follow(0)
  await clock.advance(10_000)
  expect(leader.connects).toBeGreaterThan(0)
  expect(leader.connects).toBeLessThanOrEqual(connectsMax)
  expect(leader.requests.length).toBeLessThanOrEqual(requestsMax)
  // Once it is well, all goes on within the longest back-off.
  Object.assign(leader, { refusesConnections: false, manner: () => null })
  await clock.advance(6_500)
  expect(leader.requests.length).toBeGreaterThan(0)
})

test('a leader at another address, or in a new life, is asked at once', async () => {
  leader.refusesConnections = true
  follow(0)
  await clock.advance(10_000)
  const { connects } = leader
  leader.refusesConnections = false
  fetcher.setAddress({ host: 'leader', port: 9093 })
  await clock.turn()
  expect(leader.connects).toBe(connects + 1)
  expect(leader.requests).toHaveLength(1)
  fetcher.setAddress(undefined)
  await clock.advance(10_000)
  expect(leader.connects).toBe(connects + 1)
})

test('a leader is lost from the first failure on, until it answers or Castle says where it is now', async () => {
  leader.manner = () => 'close'
  follow(0)
  expect(fetcher.lostForMs).toBeNull()
  await clock.turn()
  await clock.advance(700)
  expect(fetcher.lostForMs).toBe(700)
  fetcher.setAddress(undefined) // Castle counts it as dead: still lost
  await clock.advance(100)
  expect(fetcher.lostForMs).toBe(800)
  leader.manner = () => null
  fetcher.setAddress({ host: 'leader', port: 9093 })
  expect(fetcher.lostForMs).toBeNull()
})

test('three thousand partitions: idle ones are not named again', async () => {
  follow(...Array.from({ length: 3_000 }, (_, index) => index))
  await clock.turn()
  expect(askedIn(leader.requests[0]!)).toHaveLength(3_000)
  for (let n = 0; n < 5; n++) {
    leader.answer(answerOf([{ index: n, records: 1 }]))
    await clock.turn()
  }
  expect(leader.requests.slice(1).map(askedIn)).toEqual([[0], [1], [2], [3], [4]])
})
