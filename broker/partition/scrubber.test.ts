import { expect, test } from 'vitest'
import { append, openLog, testingContext } from '../log/testing.ts'
import type { Partition } from './partition.ts'
import { Scrubber } from './scrubber.ts'

const day = 86_400_000

/** One log of some closed segments of about 2,000 bytes, and a partition as far as the scrubber looks at it. */
async function made(logScrubBytesPerSecond: number) {
  const context = testingContext()
  const { log } = await openLog(context, { segmentBytes: 2_000 })
  log.beginEpoch(0)
  while (log.segmentCount < 6) append(log, { values: ['x'.repeat(100)] })
  await log.checkpoint()
  const faults: unknown[] = []
  const partition = {
    log,
    get fault() {
      return faults.length === 0 ? null : 'out of use'
    },
    setFault: (error: unknown) => void faults.push(error),
  }
  const settings = { logScrubIntervalMs: day, logScrubBytesPerSecond }
  const scrubber = new Scrubber(context.clock, settings, () => [partition as unknown as Partition])
  return { context, log, faults, scrubber }
}

const segmentPaths = (paths: readonly string[]) => paths.filter((path) => path.endsWith('.log'))

test('each closed segment is read once in the interval, no faster than is set; the active one is not', async () => {
  const { context, faults, scrubber } = await made(1_000)
  const { clock, counters, platters } = context
  const closedBytes = segmentPaths(platters.paths())
    .slice(0, -1)
    .reduce((sum, path) => sum + platters.bytes(path).length, 0)
  scrubber.start()
  await clock.advance(61_000)
  expect(counters.scrubbedBytes).toBeGreaterThan(0)
  expect(counters.scrubbedBytes).toBeLessThan(4_000)
  await clock.advance(60_000)
  expect(counters.scrubbedBytes).toBe(closedBytes)
  await clock.advance(day)
  expect(counters.scrubbedBytes).toBe(2 * closedBytes)
  scrubber.stop()
  await clock.advance(2 * day)
  expect([counters.scrubbedBytes, faults]).toEqual([2 * closedBytes, []])
})

test.each([
  ['a flipped bit', (bytes: Uint8Array) => bytes.fill(bytes[700]! ^ 4, 700, 701), 'does not have its checksum'],
  ['a zeroed end', (bytes: Uint8Array) => bytes.fill(0, bytes.length - 50), ''],
  ['another leader epoch, which no checksum covers', (bytes: Uint8Array) => bytes.fill(9, 15, 16), 'leader epoch 9'],
])('%s puts the partition out of use', async (_, damage, reason) => {
  const { context, faults, scrubber } = await made(1_000_000)
  const second = segmentPaths(context.platters.paths())[1]!
  context.platters.bytes(second).set(damage(context.platters.bytes(second)))
  scrubber.start()
  await context.clock.advance(120_000)
  expect(faults).toEqual([expect.objectContaining({ code: 'LOG_CORRUPT', message: expect.stringContaining(second) })])
  expect(faults).toEqual([expect.objectContaining({ message: expect.stringContaining(reason) })])
  scrubber.stop()
})

test.each([
  ['a segment that is too short', 'LOG_CORRUPT'],
  ['a disk that cannot read', 'LOG_DISK'],
])('%s is found', async (_, code) => {
  const { context, faults, scrubber } = await made(1_000_000)
  const second = segmentPaths(context.platters.paths())[1]!
  if (code === 'LOG_CORRUPT') context.platters.resize(second, 100)
  else context.platters.refuse = (call, path) => (call === 'read' && path === second ? 'EIO' : undefined)
  scrubber.start()
  await context.clock.advance(120_000)
  expect(faults).toEqual([expect.objectContaining({ code })])
  scrubber.stop()
})

test('segments that are deleted under it, and a broker that scrubs nothing', async () => {
  const { context, log, faults, scrubber } = await made(1_000)
  scrubber.start()
  await context.clock.advance(61_000)
  await log.deleteBefore(log.endOffset, log.endOffset)
  await context.clock.advance(60_000)
  expect(faults).toEqual([])
  scrubber.stop()
  const off = await made(0)
  off.scrubber.start()
  await off.context.clock.advance(2 * day)
  expect(off.context.counters.scrubbedBytes).toBe(0)
})
