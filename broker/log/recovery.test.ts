import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LogError } from './errors.ts'
import { offsetName } from './segment.ts'
import { append, type OpenedLog, openLog, readAll, type TestingContext, testFolder, testingContext } from './testing.ts'

// One log for all: batches of two records in segments of four batches. What came before `syncedOffset` is in the checkpoint.
//
//   segment 0        segment 8        segment 16 (active)
//   0 2 4 6          8 10 12 14       16 18 | 20 22          synced up to 20
const syncedOffset = 20
const endOffset = 24
const settings = { segmentBytes: 400 }
const records = (end: number): [number, string][] => Array.from({ length: end }, (_, at) => [at, `value-${at}`])
const pathOf = (base: number, suffix = 'log') => `${testFolder}/${offsetName(base)}.${suffix}`

interface Made {
  readonly context: TestingContext
  /** Where each batch begins in its segment's file, and its length; by base offset. */
  readonly places: Map<number, { path: string; position: number; length: number }>
}

/** The log after a kill -9. Closed in order with `isClean`. */
async function make(isClean = false): Promise<Made> {
  const context = testingContext()
  const { log } = await openLog(context, settings)
  const places: Made['places'] = new Map()
  log.beginEpoch(5)
  log.saveEpochs()
  for (let offset = 0; offset < endOffset; offset += 2) {
    if (offset === syncedOffset) await log.checkpoint()
    const before = new Map(context.platters.paths().map((path) => [path, context.platters.bytes(path).length]))
    const values = [`value-${offset}`, `value-${offset + 1}`]
    append(log, { values, timestamp: 1000 + offset, producerId: 1, producerEpoch: 0, baseSequence: offset }, 5)
    const path = pathOf(offset < 8 ? 0 : offset < 16 ? 8 : 16)
    const position = before.get(path) ?? 0
    places.set(offset, { path, position, length: context.platters.bytes(path).length - position })
  }
  if (isClean) await log.close()
  context.disk.kill()
  expect(log.segmentCount).toBe(3)
  return { context, places }
}

/** The next process opens the log and reads all of it from disk; what it could not do comes as an error. */
async function reopen(
  { context }: Made,
  isIntact = false,
): Promise<OpenedLog & { context: TestingContext; read: () => Promise<[number, string][]> }> {
  const next = testingContext({ platters: context.platters, isIntact })
  const opened = await openLog(next, settings)
  return { ...opened, context: next, read: () => readAll(opened.log, opened.log.startOffset, 'file') }
}

const corrupt = expect.objectContaining({ code: 'LOG_CORRUPT' })

/** One byte of each field of a batch, and of its records. */
const regions: [string, number][] = [
  ['base offset', 7],
  ['length', 11],
  ['length, far off', 8],
  ['leader epoch', 15],
  ['magic', 16],
  ['crc', 20],
  ['attributes', 22],
  ['last offset delta', 26],
  ['base timestamp', 34],
  ['max timestamp', 42],
  ['producer id', 50],
  ['producer epoch', 52],
  ['sequence', 56],
  ['record count', 60],
  ['first record', 61],
  ['last byte', -1],
]

function flip({ context, places }: Made, offset: number, byte: number): void {
  const { path, position, length } = places.get(offset)!
  context.platters.bytes(path)[position + (byte < 0 ? length + byte : byte)]! ^= 0x04
}

describe('undamaged', () => {
  test.each([
    ['after kill -9', false],
    ['after a clean stop', true],
  ])('%s everything is there, and only what came after the checkpoint was read', async (_, isClean) => {
    const made = await make(isClean)
    let reads = 0
    made.context.platters.refuse = (call, path) => {
      if (call === 'read' && path.endsWith('.log')) reads++
      return undefined
    }
    const { log, read, context } = await reopen(made)
    // The first header of each segment, and the tail.
    expect(reads).toBe(isClean ? 3 : 4)
    expect([log.endOffset, log.startOffset, log.highestEpoch, context.counters.cutBytes]).toEqual([endOffset, 0, 5, 0])
    expect(log.producers.get(1)?.batches.at(-1)).toMatchObject({ lastSequence: 23, baseOffset: 22 })
    expect(await read()).toEqual(records(endOffset))
    append(log, { values: ['more'] }, 5)
    expect(log.endOffset).toBe(endOffset + 1)
  })
})

describe('a flipped bit (R9)', () => {
  describe.each(regions)('in the %s', (_name, byte) => {
    test.each([0, 6, 8, 12, 16, 18])('of batch %i, which was synced: never served', async (offset) => {
      const made = await make()
      flip(made, offset, byte)
      const outcome = reopen(made).then(({ read }) => read())
      await expect(outcome).rejects.toEqual(corrupt)
    })

    test('of a batch that was not synced, with a sound one behind it: a fault', async () => {
      const made = await make()
      flip(made, 20, byte)
      await expect(reopen(made).then(({ read }) => read())).rejects.toEqual(corrupt)
    })

    // No torn write damages what stands before the checksum and leaves the rest as it was.
    test('of the last batch, which was not synced: a fault in front of the checksum, cut as torn behind it', async () => {
      const made = await make()
      flip(made, 22, byte)
      if (byte >= 0 && byte < 17) return await expect(reopen(made)).rejects.toEqual(corrupt)
      const { log, read, context } = await reopen(made)
      expect([log.endOffset, await read()]).toEqual([22, records(22)])
      expect(context.counters.cutBytes).toBe(made.places.get(22)!.length)
      expect(log.producers.get(1)?.batches.at(-1)).toMatchObject({ lastSequence: 21 })
    })

    // It may be acknowledged, and the replica goes on to count as in sync (R8): what it lacks others would cut off after an election.
    test('of the last batch, when the machine has been up since: a fault, for no kill leaves a whole batch like that', async () => {
      const made = await make()
      flip(made, 22, byte)
      await expect(reopen(made, true).then(({ read }) => read())).rejects.toEqual(corrupt)
    })
  })

  test.each([1, 30, 60, 61, -1])(
    'a write that was killed after %i bytes is cut, when the machine has been up since',
    async (bytes) => {
      const made = await make()
      const { path, position, length } = made.places.get(22)!
      made.context.platters.resize(path, position + (bytes < 0 ? length + bytes : bytes))
      const { log, read } = await reopen(made, true)
      expect([log.endOffset, await read()]).toEqual([22, records(22)])
    },
  )

  test.each([1, 100, 5_000])(
    '%i bytes behind the last batch that are none are cut, when the machine has been up since',
    async (bytes) => {
      const made = await make()
      const path = pathOf(16)
      const size = made.context.platters.bytes(path).length
      made.context.platters.resize(path, size + bytes)
      made.context.platters.bytes(path).fill(0xa5, size)
      const { log, read, context } = await reopen(made, true)
      expect([log.endOffset, await read(), context.counters.cutBytes]).toEqual([24, records(24), bytes])
    },
  )

  test.each([0, 1, 8, 20, 61])(
    'zeros from byte %i of the last batch on are a fault, when the machine has been up since',
    async (from) => {
      const made = await make()
      const { path, position, length } = made.places.get(22)!
      made.context.platters.bytes(path).fill(0, position + from, position + length)
      await expect(reopen(made, true)).rejects.toEqual(corrupt)
    },
  )

  const setEpoch = (made: Made, offset: number, epoch: number) => {
    const { path, position } = made.places.get(offset)!
    new DataView(made.context.platters.bytes(path).buffer).setInt32(position + 12, epoch)
  }

  test('that makes the last leader epoch a little higher than all that are known passes: it may be right', async () => {
    const made = await make()
    setEpoch(made, 22, 7)
    const { log, read } = await reopen(made)
    expect([log.endOffset, log.highestEpoch, await read()]).toEqual([24, 7, records(24)])
  })

  test.each([
    ['an epoch that no election can have reached', 22, 2 ** 31 - 1],
    ['an epoch that is far away', 22, 5 + 2 ** 17],
    ['an epoch above that of the batch behind it', 20, 7],
  ])('%s: a fault, and nothing is cut', async (_, offset, epoch) => {
    const made = await make()
    setEpoch(made, offset, epoch)
    await expect(reopen(made)).rejects.toEqual(corrupt)
  })

  test('in the last batch after a clean stop: never served, and nothing is cut', async () => {
    const made = await make(true)
    flip(made, 22, -1)
    const { log, read, context } = await reopen(made)
    expect([log.endOffset, context.counters.cutBytes]).toEqual([24, 0])
    await expect(read()).rejects.toEqual(corrupt)
  })
})

describe('a file of the wrong size (R9)', () => {
  test('the active one: cut between or within what was not synced, found when synced bytes are missing', async () => {
    const whole = (await make()).places
    const { position: end, length } = whole.get(22)!
    for (let size = 0; size <= end + length; size++) {
      const made = await make()
      made.context.platters.resize(pathOf(16), size)
      if (size < whole.get(20)!.position) {
        await expect(reopen(made), `size ${size}`).rejects.toEqual(corrupt)
      } else {
        const { log, read } = await reopen(made)
        const expected = size >= end + length ? 24 : size >= end ? 22 : 20
        expect([log.endOffset, await read()], `size ${size}`).toEqual([expected, records(expected)])
      }
    }
  })

  test.each<[string, (made: Made) => void]>([
    ['a closed one is too short', ({ context }) => context.platters.resize(pathOf(8), 100)],
    ['a closed one is too long', ({ context }) => context.platters.resize(pathOf(8), 1000)],
    ['a closed one is empty', ({ context }) => context.platters.resize(pathOf(0), 0)],
    ['a closed one is missing', ({ context }) => context.platters.remove(pathOf(0))],
    ['the active one is missing', ({ context }) => context.platters.remove(pathOf(16))],
    ['a closed one is all zeros', ({ context }) => context.platters.bytes(pathOf(8)).fill(0)],
    ['the active one is all zeros', ({ context }) => context.platters.bytes(pathOf(16)).fill(0)],
    ['all are missing', ({ context }) => [0, 8, 16].forEach((base) => void context.platters.remove(pathOf(base)))],
  ])('%s: found at the start', async (_, damage) => {
    const made = await make()
    damage(made)
    await expect(reopen(made)).rejects.toEqual(corrupt)
  })

  test.each<[string, number, number, number | 'fault']>([
    ['from the last batch on', 22, 0, 22],
    ['within the last batch', 22, 40, 22],
    ['from the first that was not synced on', 20, 0, 20],
    ['a part of a synced batch, to the end', 18, 30, 'fault'],
  ])('zeros %s', async (_, offset, within, expected) => {
    const made = await make()
    const { path, position } = made.places.get(offset)!
    made.context.platters.bytes(path).fill(0, position + within)
    if (expected === 'fault') {
      await expect(reopen(made).then(({ read }) => read())).rejects.toEqual(corrupt)
    } else {
      const { log, read } = await reopen(made)
      expect([log.endOffset, await read()]).toEqual([expected, records(expected)])
    }
  })

  test('zeros behind the last batch, as a power loss leaves them, are cut', async () => {
    const made = await make()
    const size = made.context.platters.bytes(pathOf(16)).length
    made.context.platters.resize(pathOf(16), size + 5000)
    const { log, read } = await reopen(made)
    expect([log.endOffset, await read()]).toEqual([24, records(24)])
    expect(made.context.platters.bytes(pathOf(16)).length).toBe(size)
  })
})

describe('files beside the segments are made again from them', () => {
  const damages: [string, (context: TestingContext, path: string) => void][] = [
    ['missing', (context, path) => context.platters.remove(path)],
    ['empty', (context, path) => context.platters.resize(path, 0)],
    [
      'damaged',
      ({ platters }, path) => {
        platters.bytes(path)[platters.bytes(path).length - 3]! ^= 1
      },
    ],
  ]
  const files: [string, (path: string) => boolean][] = [
    ['the checkpoint', (path) => path.endsWith('/checkpoint')],
    ['the epochs', (path) => path.endsWith('/epochs')],
    ['the producers', (path) => path.endsWith('.producers')],
    ['the indexes', (path) => path.endsWith('.index')],
    ['all of them', (path) => !path.endsWith('.log')],
  ]
  const table = files.flatMap(([name, isMeant]) =>
    damages.map(([how, damage]) => [name, how, isMeant, damage] as const),
  )

  test.each(table)('%s %s', async (_name, _how, isMeant, damage) => {
    const made = await make()
    const paths = made.context.platters.paths().filter((path) => path.startsWith(testFolder) && isMeant(path))
    expect(paths).not.toEqual([])
    for (const path of paths) damage(made.context, path)
    const { log, read } = await reopen(made)
    expect([log.endOffset, log.highestEpoch, log.endOfEpoch(5).endOffset]).toEqual([24, 5, 24])
    expect(await read()).toEqual(records(24))
    expect(log.producers.get(1)?.batches.map(({ baseOffset }) => baseOffset)).toEqual([14, 16, 18, 20, 22])
    expect(await log.findTimestamp(1011, 24)).toMatchObject({ offset: 12 })
  })

  test('what was synced is not cut when it has to be read again', async () => {
    const made = await make(true)
    for (const path of made.context.platters.paths().filter((one) => one.endsWith('.producers')))
      made.context.platters.remove(path)
    flip(made, 22, -1)
    await expect(reopen(made)).rejects.toEqual(corrupt)
  })

  test('a snapshot of producers whose batches were lost does not come back', async () => {
    const made = await make(true)
    made.context.platters.remove(`${testFolder}/checkpoint`)
    flip(made, 22, -1)
    const { log, context } = await reopen(made)
    const idempotent = { producerId: 9, producerEpoch: 0, baseSequence: 0 }
    append(log, { values: ['value-22', 'value-23'], ...idempotent }, 5)
    context.disk.kill()
    const again = await reopen(made)
    expect(again.log.endOffset).toBe(24)
    expect(again.log.producers.get(1)?.batches.at(-1)).toMatchObject({ lastSequence: 21 })
    expect(again.log.producers.get(9)).toBeDefined()
  })

  test('a log that has lost its beginning and its producers knows that it does not know', async () => {
    const made = await make()
    const { log, context } = await reopen(made)
    await log.deleteBefore(10, 24)
    context.disk.kill()
    for (const path of made.context.platters.paths())
      if (path.endsWith('.producers')) made.context.platters.remove(path)
    const again = await reopen(made)
    expect(again.log.startOffset).toBe(10)
    expect(again.log.producers.mayBeForgotten(12_345)).toBe(true)
    expect((await reopen(await make())).log.producers.mayBeForgotten(0)).toBe(false)
  })

  test('a log whose checkpoint is gone still begins where its first epoch does', async () => {
    const made = await make()
    const { log, context } = await reopen(made)
    await log.deleteBefore(10, 24)
    log.saveEpochs()
    context.disk.kill()
    made.context.platters.remove(`${testFolder}/checkpoint`)
    expect((await reopen(made)).log.startOffset).toBe(10)
  })

  test('without a checkpoint every batch is checked at the start', async () => {
    const made = await make()
    made.context.platters.remove(`${testFolder}/checkpoint`)
    flip(made, 2, -1)
    await expect(reopen(made)).rejects.toEqual(corrupt)
  })

  test.each(['checkpoint', 'epochs'])('a %s of another format version is an error that says so', async (name) => {
    const made = await make()
    const path = `${testFolder}/${name}`
    const { writeStateFile } = await import('./state-file.ts')
    writeStateFile(made.context.platters, path, { kind: name, version: 9 }, {})
    await expect(reopen(made)).rejects.toEqual(expect.objectContaining({ code: 'LOG_VERSION' }))
  })
})

describe('segments that no checkpoint knows', () => {
  /** As `make`, but no checkpoint could be written after offset 4. */
  async function makeUnknown(): Promise<Made> {
    const context = testingContext()
    const { log } = await openLog(context, settings)
    for (let offset = 0; offset < endOffset; offset += 2) {
      if (offset === 4) await log.checkpoint()
      if (offset === 4) context.platters.syncGate = new Promise(() => {})
      append(log, { values: [`value-${offset}`, `value-${offset + 1}`] })
    }
    context.disk.kill()
    return { context, places: new Map() }
  }

  test('are read to the end', async () => {
    const { log, read } = await reopen(await makeUnknown())
    expect([log.endOffset, log.segmentCount, await read()]).toEqual([24, 3, records(24)])
  })

  test('a torn one with nothing sound behind it is cut, and what follows goes', async () => {
    const made = await makeUnknown()
    made.context.platters.resize(pathOf(8), 150)
    made.context.platters.bytes(pathOf(16)).fill(0)
    const { log, read } = await reopen(made)
    expect([log.endOffset, log.segmentCount, await read()]).toEqual([10, 2, records(10)])
    append(log, { values: ['value-10', 'value-11'] })
    expect(await read()).toEqual(records(12))
  })

  test('an empty one behind a torn one goes with it', async () => {
    const made = await makeUnknown()
    made.context.platters.resize(pathOf(8), 0)
    made.context.platters.resize(pathOf(16), 0)
    const { log, read } = await reopen(made)
    expect([log.endOffset, await read()]).toEqual([8, records(8)])
  })

  test('a torn one with a sound one behind it is a fault', async () => {
    const made = await makeUnknown()
    made.context.platters.resize(pathOf(8), 150)
    await expect(reopen(made)).rejects.toEqual(corrupt)
  })
})

// Whatever happens to the bytes: a log that opens serves records as they were written, or an error; never anything else.
test('any damage: a prefix is served, or nothing', async () => {
  const damage = fc.record({
    file: fc.nat(),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    how: fc.constantFrom('flip', 'zero', 'cut', 'garbage', 'remove'),
    length: fc.integer({ min: 1, max: 200 }),
  })
  let faults = 0
  let served = 0
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), fc.boolean(), async (damages, isClean) => {
      const made = await make(isClean)
      const { platters: disk } = made.context
      for (const { file, at, how, length } of damages) {
        const paths = disk.paths().filter((path) => path.startsWith(testFolder))
        const path = paths[file % paths.length]!
        const bytes = disk.bytes(path)
        const position = Math.floor(at * bytes.length)
        if (how === 'remove') disk.remove(path)
        else if (how === 'cut') disk.resize(path, position)
        else if (how === 'zero') bytes.fill(0, position, position + length)
        else if (how === 'garbage') bytes.fill(0xa7, position, position + length)
        else if (position < bytes.length) bytes[position]! ^= 1 << (length % 8)
      }
      try {
        const { log, read } = await reopen(made)
        expect(await read()).toEqual(records(log.endOffset).slice(log.startOffset))
        served++
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        faults++
      }
    }),
    { numRuns: 150 },
  )
  expect(faults).toBeGreaterThan(10)
  expect(served).toBeGreaterThan(10)
})
