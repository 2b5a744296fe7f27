import { SlabPool } from '@castellan/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchCache } from './batch-cache.ts'
import { batchOf, recordsIn } from './testing.ts'

const slabBytes = 64 * 1024

function setUp(bytesMax: number) {
  // Memory that comes back is overwritten: a chunk that is read too late cannot pass for its batch.
  const pool = new SlabPool({ slabBytes, keepBytesMax: 1_000_000, poison: true })
  return { pool, cache: new BatchCache({ bytesMax, pool }) }
}

/** A batch of one record with base offset 0, whose value says what it is, of about `bytes` bytes. */
const batch = (name: string, bytes: number) => batchOf({ values: [name.padEnd(bytes, '.')] })
const names = (chunks: readonly Uint8Array[]) => recordsIn(chunks).map(([, value]) => value.replaceAll('.', ''))

/** Puts the bytes into a slab, as if they had come from the network. */
function arrived(pool: SlabPool, bytes: Uint8Array) {
  const slab = pool.take(bytes.length + 100)
  slab.bytes.set(bytes, 100)
  return { slab, bytes: slab.bytes.subarray(100, 100 + bytes.length) }
}

describe('what is kept', () => {
  test.each([
    ['small batches, copied together', 100],
    ['large batches, in their slab', 20_000],
  ])('%s', (_, size) => {
    const { pool, cache } = setUp(10_000_000)
    const log = cache.open(0)
    for (let offset = 0; offset < 10; offset++) {
      const { slab, bytes } = arrived(pool, batch(`b${offset}`, size))
      log.add(bytes, slab, offset, offset + 1)
      slab.release()
    }
    const read = log.read(4, 1_000_000, 9)
    expect(names(read.chunks)).toEqual(['b4', 'b5', 'b6', 'b7', 'b8'])
    // What stands side by side leaves as one.
    expect(read.chunks).toHaveLength(size < 1000 ? 1 : 5)
    expect(read.bytes).toBe(read.chunks.reduce((sum, chunk) => sum + chunk.length, 0))
    read.release()
    cache.close()
    expect(pool.usedBytes).toBe(0)
  })

  test('a read gives at least one batch, then as many as fit', () => {
    const { cache } = setUp(1_000_000)
    const log = cache.open(0)
    for (let offset = 0; offset < 4; offset++) log.add(batch(`b${offset}`, 1000), null, offset, offset + 1)
    expect(names(log.read(1, 1, 4).chunks)).toEqual(['b1'])
    expect(names(log.read(1, 2200, 4).chunks)).toEqual(['b1', 'b2'])
    expect(names(log.read(3, 1, 3).chunks)).toEqual([])
  })

  test('bytes stay as they are until the reader releases them, though the cache has moved on', () => {
    const { pool, cache } = setUp(3 * slabBytes)
    const log = cache.open(0)
    const add = (offset: number) => {
      const { slab, bytes } = arrived(pool, batch(`b${offset}`, 20_000))
      log.add(bytes, slab, offset, offset + 1)
      slab.release()
      cache.trim()
    }
    add(0)
    const read = log.read(0, 1, 1)
    for (let offset = 1; offset < 20; offset++) add(offset)
    expect(log.startOffset).toBeGreaterThan(0)
    expect(names(read.chunks)).toEqual(['b0'])
    read.release()
    expect(() => names(read.chunks)).toThrow()
  })
})

// Many logs, sizes and slabs: the budget holds, and what is in memory is always the end of a log without gaps.
test('whatever comes: memory within the budget, each log a gapless end, every slab given back', () => {
  const step = fc.record({
    log: fc.nat(3),
    size: fc.constantFrom(50, 500, 8_500, 30_000),
    kind: fc.constantFrom('own', 'gift', 'shared', 'clear'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const bytesMax = 4 * slabBytes
      const { pool, cache } = setUp(bytesMax)
      const logs = Array.from({ length: 4 }, () => ({ cached: cache.open(0), end: 0 }))
      const shared = pool.take()
      let used = 0
      for (const { log: index, size, kind } of steps) {
        const log = logs[index]!
        const bytes = batch(`${index}/${log.end}`, size)
        if (kind === 'clear') {
          log.cached.clear(log.end)
          continue
        }
        if (kind === 'gift') {
          log.cached.add(bytes, null, log.end, log.end + 1)
        } else if (kind === 'shared' && used + bytes.length <= shared.bytes.length) {
          shared.bytes.set(bytes, used)
          log.cached.add(shared.bytes.subarray(used, used + bytes.length), shared, log.end, log.end + 1)
          used += bytes.length
        } else {
          const own = arrived(pool, bytes)
          log.cached.add(own.bytes, own.slab, log.end, log.end + 1)
          own.slab.release()
        }
        log.end++
        cache.trim()
        expect(cache.bytes).toBeLessThanOrEqual(bytesMax)
        const read = log.cached.read(log.cached.startOffset, 10_000_000, log.end)
        expect(names(read.chunks)).toEqual(
          Array.from(
            { length: log.end - log.cached.startOffset },
            (_, at) => `${index}/${log.cached.startOffset + at}`,
          ),
        )
        read.release()
      }
      shared.release()
      cache.close()
      expect(pool.usedBytes).toBe(0)
    }),
    { numRuns: 40 },
  )
})
