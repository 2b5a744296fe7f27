import { type Claim, type Frame, FrameReader, produce, type Slab, SlabPool, smallSlabBytes } from '@castellan/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { RequestMemory } from './request-memory.ts'

const KiB = 1024
const fetchKey = 1
const usualBytes = 16 * KiB
/** Lanes: large 640 KiB, produce 256 KiB, other 128 KiB. */
const bytesMax = 1024 * KiB

function make() {
  const clock = new FakeClock()
  const memory = new RequestMemory(clock, { bytesMax, usualBytes })
  const got: string[] = []
  const claims = new Map<string, Claim>()
  const wait = (name: string, bytes: number, apiKey: number | null = null) =>
    memory.wait(bytes, apiKey, (claim) => {
      got.push(name)
      claims.set(name, claim)
    })
  return { clock, memory, got, claims, wait }
}

describe('lanes', () => {
  test.each([
    ['produce', 16 * KiB, produce.key, 16],
    ['other', 16 * KiB, fetchKey, 8],
    ['produce', 16 * KiB, null, 16],
    ['large', 64 * KiB, produce.key, 10],
    ['large', 64 * KiB, fetchKey, 10],
  ] as const)('%s: slabs of %i bytes for API %s: %i of them', (lane, bytes, apiKey, count) => {
    const { memory } = make()
    for (let i = 0; i < count; i++) expect(memory.claim(bytes, apiKey)).toMatchObject({ lane })
    expect(memory.claim(bytes, apiKey)).toBeNull()
    expect(memory.usedBytes).toBe(bytes * count)
  })

  test('one that is used up does not keep another from being served', () => {
    const { memory } = make()
    while (memory.claim(64 * KiB, produce.key) !== null);
    expect(memory.claim(usualBytes, produce.key)).not.toBeNull()
    while (memory.claim(usualBytes, produce.key) !== null);
    expect(memory.claim(usualBytes, fetchKey)).not.toBeNull()
  })

  test('what is larger than its lane goes alone', async () => {
    const { clock, memory, got, claims, wait } = make()
    const small = memory.claim(64 * KiB, produce.key)!
    wait('giant', 900 * KiB)
    await clock.turn()
    expect(got).toEqual([])
    small.giveBack()
    await clock.turn()
    expect(got).toEqual(['giant'])
    expect(memory.claim(64 * KiB, produce.key)).toBeNull()
    claims.get('giant')!.giveBack()
    expect(memory.claim(64 * KiB, produce.key)).not.toBeNull()
  })
})

describe('a line', () => {
  test('is served in its order, as far as memory goes; nobody overtakes', async () => {
    const { clock, memory, got, wait } = make()
    const first = memory.claim(640 * KiB, produce.key)!
    wait('a', 300 * KiB)
    wait('b', 600 * KiB)
    wait('c', 64 * KiB)
    expect(memory.waiting).toBe(3)
    first.giveBack()
    expect(memory.claim(64 * KiB, produce.key)).toBeNull() // though it would fit
    expect(got).toEqual([]) // not within the call of who gives back
    await clock.turn()
    expect(got).toEqual(['a'])
    expect(memory.waiting).toBe(2)
  })

  test('whoever leaves it lets those behind go on', async () => {
    const { clock, memory, got, wait } = make()
    memory.claim(500 * KiB, produce.key)
    const waiting = wait('a', 300 * KiB)
    wait('b', 64 * KiB)
    await clock.turn()
    expect(got).toEqual([])
    waiting.cancel()
    await clock.turn()
    expect(got).toEqual(['b'])
  })
})

test('it is crowded long before it is used up, so that idle connections keep little', () => {
  const { memory } = make()
  const claims = Array.from({ length: 5 }, () => memory.claim(usualBytes, produce.key)!)
  expect(memory.isCrowded).toBe(true)
  claims[0]!.giveBack()
  expect(memory.isCrowded).toBe(false)
  memory.insist(40 * KiB)
  expect(memory.isCrowded).toBe(true)
})

test('a claim is given back once', () => {
  const claim = make().memory.claim(usualBytes, null)!
  claim.giveBack()
  expect(() => claim.giveBack()).toThrow('given back twice')
})

// ------------------------------------------------------------------ many readers and their requests

/** Who keeps what was answered, and counts it himself. */
class Cache {
  #slabs: Slab[] = []

  get bytes(): number {
    return [...new Set(this.#slabs)].reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  keep(slab: Slab): void {
    slab.retain()
    this.#slabs.push(slab)
    if (this.#slabs.length > 5) this.#slabs.shift()!.release()
  }

  clear(): void {
    for (const slab of this.#slabs.splice(0)) slab.release()
  }
}

/** A connection as the server has it: it reads while it may, and its requests hold their slabs until they are answered. */
class Sender {
  readonly reader: FrameReader
  readonly #cache: Cache
  readonly #lengths: readonly number[]
  readonly #bytes: Buffer
  #at = 0
  #isPaused = false
  seen = 0
  readonly unanswered: { frame: Frame; index: number }[] = []

  constructor(pool: SlabPool, memory: RequestMemory, cache: Cache, lengths: readonly number[]) {
    this.#cache = cache
    this.#lengths = lengths
    this.#bytes = Buffer.concat(lengths.map((length, i) => framed(length, i)))
    this.reader = new FrameReader(pool, {
      maxFrameBytes: 400 * KiB,
      memory,
      onFrame: (frame) => {
        frame.slab.beginRequest()
        this.unanswered.push({ frame, index: this.seen++ })
      },
      onError: (error) => expect.unreachable(error.message),
      onWait: () => {
        this.#isPaused = true
      },
      onReady: () => {
        this.#isPaused = false
      },
    })
  }

  get isDone(): boolean {
    return this.seen === this.#lengths.length && this.unanswered.length === 0
  }

  /** Up to `bytes` arrive. */
  receive(bytes: number): void {
    const end = Math.min(this.#bytes.length, this.#at + bytes)
    while (this.#at < end && !this.#isPaused) {
      const room = this.reader.readBuffer()
      const length = Math.min(room.length, end - this.#at)
      expect(length).toBeGreaterThan(0)
      room.set(this.#bytes.subarray(this.#at, this.#at + length))
      this.#at += length
      this.reader.onRead(length)
    }
  }

  /** Its oldest request is answered: what it refers to is as it was sent. */
  answer(): void {
    const oldest = this.unanswered.shift()
    if (oldest === undefined) return
    const { frame, index } = oldest
    const sent = framed(this.#lengths[index]!, index).subarray(4)
    expect(sent.equals(frame.slab.bytes.subarray(frame.start, frame.end))).toBe(true)
    if (index % 3 === 0) this.#cache.keep(frame.slab)
    frame.slab.endRequest()
    this.reader.retry()
  }
}

/** A frame with its length, its API key, and its index in every other byte. */
function framed(length: number, index: number): Buffer {
  const bytes = Buffer.alloc(4 + length, index % 251)
  bytes.writeInt32BE(length)
  bytes.writeInt16BE(index % 2, 4)
  return bytes
}

test('however requests come and are answered: all of them are, and memory stays within its bounds', async () => {
  const length = fc.oneof(
    fc.integer({ min: 2, max: 300 }),
    fc.integer({ min: 2, max: 20_000 }),
    fc.nat(390_000).map((n) => n + 2),
  )
  const senders = fc.array(fc.array(length, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 12 })
  const steps = fc.array(
    fc.record({ who: fc.nat(), bytes: fc.integer({ min: 1, max: 300_000 }), answers: fc.nat(3) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  await fc.assert(
    fc.asyncProperty(senders, steps, async (lengths, steps) => {
      const clock = new FakeClock()
      const memory = new RequestMemory(clock, { bytesMax, usualBytes })
      const pool = new SlabPool({ slabBytes: usualBytes, keepBytesMax: 64 * KiB, poison: true })
      const cache = new Cache()
      const all = lengths.map((one) => new Sender(pool, memory, cache, one))
      const overdraftMax = 12 * 12 * smallSlabBytes // small slabs that were in use already
      const check = () => {
        expect(memory.usedBytes).toBeLessThanOrEqual(bytesMax + overdraftMax)
        expect(pool.usedBytes).toBeLessThanOrEqual(memory.usedBytes + cache.bytes + all.length * smallSlabBytes)
      }
      const move = async ({ who, bytes, answers }: (typeof steps)[number]) => {
        const one = all[who % all.length]!
        one.receive(bytes)
        check()
        for (let i = 0; i < answers; i++) one.answer()
        await clock.turn()
        check()
      }
      for (const step of steps) await move(step)
      // All send what they have, and all is answered: nobody waits for ever, and nothing is kept.
      for (let round = 0; round < 1_000 && !all.every((one) => one.isDone); round++) {
        for (let who = 0; who < all.length; who++) await move({ who, bytes: 50_000, answers: 2 })
      }
      expect(all.map((one) => one.isDone)).toEqual(all.map(() => true))
      for (const one of all) one.reader.close()
      cache.clear()
      expect([memory.usedBytes, memory.waiting, pool.usedBytes]).toEqual([0, 0, 0])
    }),
    { numRuns: 25 },
  )
})
