// Several messages of a partition at once, held to a naive twin: which may run is said there in a few lines, over plain lists.
import { buildBatch, patchBatch } from '@castellan/protocol/records'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Message, MessageReader } from '../kafka/message.ts'
import { Events } from './events.ts'
import { messageMode } from './modes.ts'
import { ParallelWorker } from './parallel.ts'
import { AssignedPartition } from './partition.ts'
import { Session } from './session.ts'

type Command =
  | { kind: 'fetch'; keys: (string | null)[] }
  | { kind: 'end'; which: number; succeeds: boolean }
  | { kind: 'seek'; to: number }
  | { kind: 'pause' | 'resume' | 'session-over' | 'session-back' }

interface Running {
  readonly offset: number
  readonly generation: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A clock that each turn of the event loop moves on by a millisecond. */
let nowMs = 0
const node = nodeRuntime()
const after = (delayMs: number, task: () => void) => {
  const untilMs = nowMs + delayMs
  let isCancelled = false
  const look = () => (nowMs >= untilMs ? isCancelled || task() : setImmediate(look))
  setImmediate(look)
  const cancel = () => {
    isCancelled = true
  }
  return { cancel }
}
const runtime = { ...node, clock: { ...node.clock, nowMs: () => nowMs, bootMs: () => nowMs, after } }

/** All that is due, attempts that wait for a millisecond included. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) {
    nowMs++
    await new Promise((resolve) => setImmediate(resolve))
  }
}

class Bed {
  readonly partition = new AssignedPartition({ topic: 't', topicId: 'id', partition: 0 }, 1, silentLogger)
  readonly #session = new Session(runtime.clock)
  readonly #concurrency: number
  readonly #windowMax: number
  /** The log: key by offset. */
  readonly #keys: (string | null)[] = []
  running: Running[] = []
  #before: readonly Running[] = []
  readonly #done = new Set<number>()
  /** Handed out, and neither failed nor passed by a seek since. */
  readonly #spent = new Set<number>()
  #isUp = true
  #from = 0
  #fetchedTo = 0

  constructor(concurrency: number, windowMax: number) {
    this.#concurrency = concurrency
    this.#windowMax = windowMax
    this.#renew()
    this.partition.moveTo({ offset: 0, leaderEpoch: 0 })
    const handle = ({ offset }: Message) => {
      expect(this.#spent.has(offset), `${offset} is handed out again without a failure`).toBe(false)
      this.#spent.add(offset)
      const { generation } = this.partition
      return new Promise<void>((resolve, reject) => this.running.push({ offset, generation, resolve, reject }))
    }
    const worker = new ParallelWorker(this.partition, messageMode(handle, new Map()), {
      runtime,
      backoff: { initialMs: 1, multiplier: 1, maxMs: 1, jitter: 0 },
      maxAttempts: 2,
      retriable: () => true,
      session: this.#session,
      events: new Events(silentLogger),
      onStuck: () => {},
      onRoom: () => {},
      pull: null,
      concurrency,
      windowMessagesMax: windowMax,
    })
    this.partition.worker = worker.run()
  }

  do(command: Command): void {
    switch (command.kind) {
      case 'fetch':
        this.#keys.push(...command.keys)
        return this.#fetch()
      case 'end': {
        const one = this.running.splice(command.which % (this.running.length || 1), 1)[0]
        return one && this.end(one, command.succeeds)
      }
      case 'seek':
        this.#from = Math.min(command.to, this.#keys.length)
        this.#fetchedTo = this.#from
        for (let offset = this.#from; offset < this.#keys.length; offset++) this.#done.delete(offset)
        this.#spent.clear()
        this.partition.moveTo({ offset: this.#from, leaderEpoch: 0 })
        return this.#fetch()
      case 'pause':
      case 'resume':
        this.partition.isPaused = command.kind === 'pause'
        return this.partition.wake()
      case 'session-over':
        this.#isUp = false
        this.#session.end()
        return this.partition.abort('the session ran out')
      case 'session-back':
        this.#renew()
        return this.partition.renew()
    }
  }

  end({ offset, generation, resolve, reject }: Running, succeeds: boolean): void {
    const counts = generation === this.partition.generation
    if (succeeds && counts) this.#done.add(offset)
    if (!succeeds && counts) this.#spent.delete(offset)
    if (succeeds) resolve()
    else reject(new Error('not this time'))
  }

  /** The first that is not done. */
  get low(): number {
    let low = this.#from
    while (this.#done.has(low)) low++
    return low
  }

  get length(): number {
    return this.#keys.length
  }

  check(): void {
    expect(this.partition.done.offset).toBe(this.low)
    const old = this.running.filter(({ generation }) => generation !== this.partition.generation)
    const now = this.running.filter((one) => !old.includes(one)).map(({ offset }) => offset)
    const eligible = this.#eligible()
    for (const offset of now) expect(eligible).toContain(offset)
    expect(new Set(now).size).toBe(now.length)
    const mayStart = this.#isUp && !this.partition.isPaused && this.partition.isActive
    if (old.length > 0) expect(now).toEqual([])
    else if (mayStart) expect(now).toHaveLength(Math.min(this.#concurrency, eligible.length))
    if (!mayStart) for (const one of this.running) expect(this.#before).toContain(one)
    this.#before = [...this.running]
  }

  /** Not done, not too far ahead, and nothing of its key before it. */
  #eligible(): number[] {
    const blocked = new Set<string>()
    const eligible: number[] = []
    for (let offset = this.low; offset < Math.min(this.low + this.#windowMax, this.#keys.length); offset++) {
      if (this.#done.has(offset)) continue
      const key = this.#keys[offset]!
      if (key === null || !blocked.has(key)) eligible.push(offset)
      if (key !== null) blocked.add(key)
    }
    return eligible
  }

  #fetch(): void {
    const keys = this.#keys.slice(this.#fetchedTo)
    if (keys.length === 0) return
    const bytes = buildBatch({ records: keys.map((key) => ({ key, value: 'v' })) })
    const offset = this.#fetchedTo
    patchBatch(bytes, 0, { baseOffset: offset, partitionLeaderEpoch: 0 })
    this.#fetchedTo = this.#keys.length
    const reader = new MessageReader(this.partition, bytes, offset, 0)
    this.partition.fetched({ reader, bytes: bytes.length }, { offset: this.#keys.length, leaderEpoch: 0 })
  }

  #renew(): void {
    this.#isUp = true
    const { clock } = runtime
    this.#session.renew({ nowMs: clock.nowMs() + 1e9, bootMs: clock.bootMs() + 1e9 })
  }
}

const key = fc.constantFrom('a', 'b', 'c', null)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fetch' as const), keys: fc.array(key, { maxLength: 6 }) }) },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(9), succeeds: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('seek' as const), to: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume', 'session-over', 'session-back') }),
  },
)
const bedOf = fc.record({ concurrency: fc.integer({ min: 2, max: 4 }), ahead: fc.integer({ min: 0, max: 6 }) })

test('runs what a naive twin says: in order for each key, bounded, done up to the first that is not, nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(bedOf, fc.array(command, { maxLength: 40 }), async ({ concurrency, ahead }, commands) => {
      const bed = new Bed(concurrency, concurrency + ahead)
      for (const one of commands) {
        bed.do(one)
        await settle()
        bed.check()
      }
      // In the end everything is done, and nothing is held.
      for (const kind of ['resume', 'session-back'] as const) bed.do({ kind })
      for (await settle(); bed.running.length > 0; await settle()) bed.do({ kind: 'end', which: 0, succeeds: true })
      expect(bed.partition.done.offset).toBe(bed.length)
      expect(bed.partition.bufferedBytes).toBe(0)
      await bed.partition.stop()
      await bed.partition.worker
    }),
    { numRuns: 150 },
  )
})

test('a partition that goes in the middle: nothing starts, what ends well counts until it is gone, and its worker ends', async () => {
  const ending = fc.record({ isLost: fc.boolean(), outcomes: fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }) })
  await fc.assert(
    fc.asyncProperty(
      bedOf,
      fc.array(command, { maxLength: 15 }),
      ending,
      async (shape, commands, { isLost, outcomes }) => {
        const bed = new Bed(shape.concurrency, shape.concurrency + shape.ahead)
        for (const one of commands) {
          bed.do(one)
          await settle()
        }
        const resting = isLost ? Promise.resolve(bed.partition.end('went')) : bed.partition.stop()
        const { offset: before } = bed.partition.done
        const count = bed.running.length
        for (const one of bed.running.splice(0)) {
          bed.end(one, outcomes.pop()!)
          await settle()
          expect(bed.running).toEqual([])
        }
        await resting
        await bed.partition.worker
        expect(count).toBeLessThanOrEqual(shape.concurrency)
        expect(bed.partition.done.offset).toBe(isLost ? before : bed.low)
        expect(bed.partition.stuck.size).toBe(0)
      },
    ),
    { numRuns: 100 },
  )
})

test('one that waits for a place to try again leaves with its partition', async () => {
  const bed = new Bed(2, 10)
  bed.do({ kind: 'fetch', keys: ['a', 'b', 'c'] })
  await settle()
  bed.do({ kind: 'end', which: 0, succeeds: false })
  await settle()
  expect(bed.running.map(({ offset }) => offset)).toEqual([1, 2])
  const resting = bed.partition.stop()
  for (const one of bed.running.splice(0)) bed.end(one, true)
  await resting
  await bed.partition.worker
  expect(bed.partition.done.offset).toBe(0)
})
