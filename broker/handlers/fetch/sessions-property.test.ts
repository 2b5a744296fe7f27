// A reader with a session ends where one that always asks for everything would: whatever came, went, failed and did not fit meanwhile.
import { fetch as api, type FetchRequestInput, type FetchResponseInput } from '@castellan/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandlerBench, topicIdOf } from '../../testing/handler-bench.ts'
import { fetch } from '../01-fetch.ts'

const count = 4

type Op =
  | { kind: 'add'; at: number; bytes: number }
  /** A follower sees it at once, a consumer when it is committed. */
  | { kind: 'commit'; at: number }
  | { kind: 'fail' | 'heal' | 'forget' | 'follow'; at: number }
  | { kind: 'cold'; at: number; isCold: boolean }
  | { kind: 'fetch'; maxBytes: number; isTaken: boolean }
  | { kind: 'lose' }

const at = fc.nat(count - 1)
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('add' as const), at, bytes: fc.integer({ min: 5, max: 60 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const), at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('fail', 'heal', 'forget', 'follow'), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cold' as const), at, isCold: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('fetch' as const),
      maxBytes: fc.integer({ min: 1, max: 150 }),
      isTaken: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Op>({ kind: 'lose' }) },
)

test.each([
  ['a consumer', null],
  ['a follower', { replicaId: 2, replicaEpoch: 7 }],
])('%s', async (_, replicaState) => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 40 }), async (ops) => {
      const bench = new HandlerBench()
      const partitions = bench.addTopic(1, 'orders', Array(count).fill(1))
      for (const partition of partitions) partition.followerIds = [2]
      const visible = (index: number) =>
        replicaState === null ? partitions[index]!.highWatermark : partitions[index]!.endOffset

      // The reader: where it is, what it knows, what its session has.
      const offsets: number[] = Array(count).fill(0)
      const watermarks: number[] = Array(count).fill(0)
      const wanted = new Set([0, 1, 2, 3])
      let asked = new Map<number, number>()
      let sessionId = 0
      let sessionEpoch = 0
      const fetchOnce = async (maxBytes: number, isTaken: boolean): Promise<FetchResponseInput> => {
        const isWhole = sessionId === 0
        if (isWhole) asked = new Map()
        const news = [...wanted].filter((index) => asked.get(index) !== offsets[index])
        const gone = [...asked.keys()].filter((index) => !wanted.has(index))
        const named = { topic: 'orders', topicId: topicIdOf(1) }
        const words = (partition: number) => ({
          partition,
          fetchOffset: offsets[partition]!,
          currentLeaderEpoch: 5,
          partitionMaxBytes: 100,
        })
        const body: FetchRequestInput = {
          replicaState,
          maxWaitMs: 0,
          minBytes: 1,
          maxBytes,
          sessionId,
          sessionEpoch: isWhole ? 0 : sessionEpoch,
          topics: news.length > 0 ? [{ ...named, partitions: news.map(words) }] : [],
          forgottenTopicsData: gone.length > 0 ? [{ ...named, partitions: gone }] : [],
        }
        for (const index of news) asked.set(index, offsets[index]!)
        for (const index of gone) asked.delete(index)
        const request = bench.ask(fetch, api, 18, body)
        const answer = (await request.answer)!
        request.sent()
        if ((answer.errorCode ?? 0) !== 0) {
          sessionId = 0
          return answer
        }
        if (isWhole) sessionId = answer.sessionId!
        sessionEpoch = isWhole ? 1 : sessionEpoch + 1
        for (const { partitions: told } of answer.responses) {
          for (const { partitionIndex, errorCode, records, highWatermark } of told) {
            expect(wanted.has(partitionIndex)).toBe(true)
            if (errorCode !== 0) continue
            watermarks[partitionIndex] = highWatermark
            if (isTaken) offsets[partitionIndex]! += (records as Uint8Array[]).length
          }
        }
        return answer
      }

      for (const one of ops) {
        if (one.kind === 'add') partitions[one.at]!.addUncommitted(Buffer.alloc(one.bytes))
        if (one.kind === 'commit') partitions[one.at]!.raiseHighWatermark(partitions[one.at]!.endOffset)
        if (one.kind === 'cold') partitions[one.at]!.isCold = one.isCold
        if (one.kind === 'forget' && wanted.size > 1) wanted.delete(one.at)
        if (one.kind === 'follow') wanted.add(one.at)
        if (one.kind === 'fail' || one.kind === 'heal') {
          partitions[one.at]!.readError = one.kind === 'fail' ? 6 : 0
          partitions[one.at]!.changed()
        }
        if (one.kind === 'lose') sessionEpoch += 5
        if (one.kind === 'fetch') await fetchOnce(one.maxBytes, one.isTaken)
      }

      for (const partition of partitions) {
        partition.readError = 0
        partition.changed()
      }
      // It gets on with each fetch until there is nothing more, and is then told nothing.
      for (let left = 200; ; left--) {
        expect(left).toBeGreaterThan(0)
        const answer = await fetchOnce(70, true)
        if ((answer.errorCode ?? 0) === 0 && answer.responses.length === 0) break
      }
      for (const index of wanted) {
        expect([offsets[index], watermarks[index]]).toEqual([visible(index), partitions[index]!.highWatermark])
      }
      expect(partitions.every(({ unreleased }) => unreleased === 0)).toBe(true)
      // A consumer's lost session stays until it has been idle for a while.
      if (replicaState === null) return
      const watched = partitions.map((_, index) => (wanted.has(index) ? 1 : 0))
      expect(partitions.map(({ watchers }) => watchers)).toEqual(watched)
    }),
    { numRuns: 150 },
  )
})
