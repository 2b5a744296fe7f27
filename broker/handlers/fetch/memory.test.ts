// Fetch of old data when the memory for answers is used up.
import { beforeEach, describe, expect, test } from 'vitest'
import { batch, errorsOf, FetchBench, sizes } from '../../testing/fetch-bench.ts'

let bench: FetchBench
beforeEach(() => {
  bench = new FetchBench()
})

describe('old data, while the memory for answers is used up', () => {
  const KiB = 1024
  const old = (...sizes: number[]) => {
    const partitions = bench.addTopic(
      1,
      'orders',
      sizes.map(() => 1),
    )
    partitions.forEach((partition, i) => {
      partition.add(batch(sizes[i]!))
      partition.isCold = true
    })
    return partitions
  }
  const partitionMaxBytes = 2_000 * KiB
  const all = (n: number) => Array.from({ length: n }, (_, partition) => ({ partition, partitionMaxBytes }))
  /** Another answer has it, until this is called. */
  const useUp = () => {
    const room = bench.parts.responseMemory.room()
    expect(room.take(1024 * KiB, 1024 * KiB)).toBeGreaterThan(0)
    return () => room.giveBack()
  }
  beforeEach(() => {
    bench = new FetchBench({ queuedMaxResponseBytes: 1024 * KiB })
  })

  test('is waited for in turn, beyond max wait too; the memory goes back when the answer has left', async () => {
    old(100 * KiB)
    const { responseMemory } = bench.parts
    const giveBack = useUp()
    const asked = [bench.fetch(all(1), { maxWaitMs: 10 }), bench.fetch(all(1), { maxWaitMs: 0 })]
    await bench.clock.advance(5_000)
    expect([asked[0]!.response, asked[1]!.response, responseMemory.waiting]).toEqual([undefined, undefined, 2])
    giveBack()
    await bench.clock.turn()
    expect(sizes(asked[0]!.response)).toEqual([100 * KiB])
    expect([asked[1]!.response, responseMemory.waiting]).toEqual([undefined, 1]) // it would be a mebibyte
    asked[0]!.sent()
    await bench.clock.turn()
    expect(sizes(asked[1]!.response)).toEqual([100 * KiB])
    asked[1]!.sent()
    expect(responseMemory.usedBytes).toBe(0)
  })

  test('is left out when there is something else to answer, at once', async () => {
    const [p0, p1] = old(100, 100 * KiB)
    p0!.isCold = false
    useUp()
    expect(sizes(await bench.fetch(all(2), { minBytes: 1000 }).answer)).toEqual([100, 0])
    p0!.readError = 6
    expect(errorsOf(await bench.fetch(all(2)).answer)).toEqual([6, 0])
    expect(p1!.unreleased).toBe(0)
  })

  test('does not hold up who reads recent data', async () => {
    const [p0] = old(100)
    useUp()
    const waiting = bench.fetch(all(1))
    await bench.clock.turn()
    p0!.isCold = false
    expect(sizes(await bench.fetch(all(1)).answer)).toEqual([100])
    expect(waiting.response).toBeUndefined()
  })

  test('is not waited for when the connection breaks, or holds answers behind it', async () => {
    const [p0] = old(100)
    useUp()
    const asked = bench.fetch(all(1), { maxWaitMs: 30_000 })
    await bench.clock.turn()
    expect(bench.parts.responseMemory.waiting).toBe(1)
    asked.abandon()
    expect(sizes(await asked.answer)).toEqual([0])
    expect([bench.parts.responseMemory.waiting, p0!.watchers, bench.clock.timers]).toEqual([0, 0, 0])
  })

  test('and what is too little for min bytes is not held while more is waited for', async () => {
    old(100)
    const asked = bench.fetch(all(1), { minBytes: 1000 })
    await bench.clock.turn()
    expect([asked.response, bench.parts.responseMemory.usedBytes]).toEqual([undefined, 0])
    await bench.clock.advance(500)
    expect(sizes(asked.response)).toEqual([100])
    expect(bench.parts.responseMemory.usedBytes).toBeGreaterThan(0)
  })
})
