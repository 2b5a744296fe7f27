import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameReader, SlabPool } from './index.ts'

const slabBytes = 16 * 1024
const newPool = () => new SlabPool({ slabBytes, keepBytesMax: 1024 * 1024, poison: true })

/** A frame with its length, filled with a byte that tells it from its neighbours. */
function framed(length: number, fill: number): Buffer {
  const bytes = Buffer.alloc(4 + length, fill)
  bytes.writeInt32BE(length)
  return bytes
}

/** Delivers `bytes` as a network would, in pieces of at most the given sizes, in turn. */
function deliver(reader: FrameReader, bytes: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const target = reader.readBuffer()
    const length = Math.min(target.length, sizes[i % sizes.length]!, bytes.length - at)
    target.set(bytes.subarray(at, at + length))
    reader.onRead(length)
    at += length
  }
}

const contentOf = (frame: Frame) => Buffer.from(frame.slab.bytes.subarray(frame.start, frame.end))

describe('FrameReader', () => {
  it('shows every frame once, whole and in order, and keeps what is retained untouched, however the bytes come', () => {
    const lengths = fc.array(fc.oneof(fc.nat(64), fc.nat(5_000), fc.nat(3 * slabBytes), fc.nat(9 * slabBytes)), {
      maxLength: 40,
    })
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100_000 })), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(lengths, sizes, fc.nat(6), (lengths, sizes, heldMax) => {
        const pool = newPool()
        const held: { frame: Frame; fill: number; length: number }[] = []
        const releaseOldest = () => {
          const { frame, fill, length } = held.shift()!
          expect(contentOf(frame).equals(Buffer.alloc(length, fill))).toBe(true)
          frame.slab.release()
        }
        let seen = 0
        const reader = new FrameReader(pool, {
          maxFrameBytes: 10 * slabBytes,
          onFrame(frame) {
            const length = lengths[seen]!
            expect(frame.end - frame.start).toBe(length)
            frame.slab.retain()
            held.push({ frame, fill: (seen % 200) + 1, length })
            seen++
            while (held.length > heldMax) releaseOldest()
          },
          onError: (error) => expect.unreachable(error.message),
        })
        deliver(reader, Buffer.concat(lengths.map((length, i) => framed(length, (i % 200) + 1))), sizes)
        expect(seen).toBe(lengths.length)
        reader.close()
        while (held.length > 0) releaseOldest()
        expect(pool.usedBytes).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('leaves retained frames alone when the slab is full, read after read', () => {
    const pool = newPool()
    const held: Frame[] = []
    const reader = new FrameReader(pool, {
      maxFrameBytes: 10_000,
      onFrame(frame) {
        frame.slab.retain()
        held.push(frame)
      },
      onError: (error) => expect.unreachable(error.message),
    })
    for (let i = 0; i < 1_000; i++) {
      deliver(reader, framed(1_000, i % 250), [1_004])
      if (held.length <= 20) continue
      const frame = held.shift()!
      expect(contentOf(frame).equals(Buffer.alloc(1_000, (i - 20) % 250))).toBe(true)
      frame.slab.release()
    }
  })

  it('reads frames where they were delivered: one slab for many, from its beginning again when nobody holds it', () => {
    const pool = newPool()
    const slabs = new Set<Uint8Array>()
    const reader = new FrameReader(pool, {
      maxFrameBytes: 1_000_000,
      onFrame: (frame) => slabs.add(frame.slab.bytes),
      onError: (error) => expect.unreachable(error.message),
    })
    for (let i = 0; i < 1_000; i++) deliver(reader, framed(1_000, 1), [100_000])
    expect(slabs.size).toBe(1)
    expect(pool.usedBytes).toBe(4_096)
  })

  it.each([
    ['negative', -1, 'BAD_LENGTH'],
    ['above the limit', 5_001, 'FRAME_TOO_LARGE'],
    ['two gigabytes', 0x7fff_ffff, 'FRAME_TOO_LARGE'],
  ])('reports a length that is %s once, before taking memory for it', (_, length, code) => {
    const pool = newPool()
    const reported: string[] = []
    const reader = new FrameReader(pool, {
      maxFrameBytes: 5_000,
      onFrame: () => expect.unreachable(),
      onError: (error) => reported.push(error.code),
    })
    const bytes = framed(100, 1)
    bytes.writeInt32BE(length)
    deliver(reader, bytes, [3])
    expect(reported).toEqual([code])
    expect(pool.usedBytes).toBe(0)
  })

  it('takes memory for a huge frame only as its bytes come', () => {
    let taken = 0
    class CountingPool extends SlabPool {
      override take(minBytes?: number) {
        taken++
        return super.take(minBytes)
      }
    }
    const pool = new CountingPool({ slabBytes, keepBytesMax: 1024 * 1024 })
    const reader = new FrameReader(pool, { maxFrameBytes: 1e9, onFrame: () => {}, onError: () => {} })
    const head = Buffer.alloc(100)
    head.writeInt32BE(900_000_000)
    deliver(reader, head, [100])
    expect(pool.usedBytes).toBeLessThan(8 * slabBytes)
    deliver(reader, Buffer.alloc(20 * slabBytes), [1_000])
    expect(pool.usedBytes).toBeLessThan(20 * slabBytes * 5)
    expect(taken).toBeLessThan(5) // each was filled before the next was taken
  })

  it('gives up its large slab when it has nothing to read and memory is short', () => {
    const pool = new SlabPool({ slabBytes, keepBytesMax: 4 * slabBytes })
    const readers = Array.from(
      { length: 100 },
      () => new FrameReader(pool, { maxFrameBytes: 1e6, onFrame: () => {}, onError: () => {} }),
    )
    for (let round = 0; round < 2; round++) {
      for (const reader of readers) deliver(reader, framed(10_000, 1), [100_000])
    }
    expect(pool.usedBytes).toBeLessThan(100 * 4_096 + 6 * slabBytes)
  })

  it('stops showing frames once it is closed, even by the one that it shows a frame to', () => {
    const pool = newPool()
    let seen = 0
    const reader = new FrameReader(pool, {
      maxFrameBytes: 100,
      onFrame(frame) {
        seen++
        reader.close()
        expect(contentOf(frame).equals(Buffer.alloc(10, 7))).toBe(true) // not given back under its eyes
      },
      onError: () => {},
    })
    deliver(reader, Buffer.concat([framed(10, 7), framed(10, 8)]), [28])
    expect(seen).toBe(1)
    expect(pool.usedBytes).toBe(0)
    expect(reader.readBuffer().length).toBeGreaterThan(0)
    reader.onRead(1)
  })
})

describe('Slab', () => {
  it('asserts its references', () => {
    const slab = newPool().take()
    slab.retain()
    slab.release()
    slab.release()
    expect(() => slab.release()).toThrow('released more often')
    expect(() => slab.retain()).toThrow('after its last release')
  })

  it('is used again', () => {
    const pool = newPool()
    const first = pool.take()
    first.release()
    expect(pool.take().bytes).toBe(first.bytes)
  })

  it('keeps no more than the pool may', () => {
    const pool = new SlabPool({ slabBytes, keepBytesMax: 2 * slabBytes })
    const slabs = [pool.take(), pool.take(), pool.take(), pool.take(100 * slabBytes)]
    for (const slab of slabs) slab.release()
    const again = new Set([pool.take().bytes, pool.take().bytes, pool.take().bytes])
    expect(slabs.filter((slab) => again.has(slab.bytes)).length).toBe(2)
  })

  it('gives the rest back to the system at once, not when the collector comes by', () => {
    const pool = new SlabPool({ slabBytes, keepBytesMax: 2 * slabBytes })
    const slab = pool.take(64 * 1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    slab.release()
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(32 * 1024 * 1024)
  })
})
