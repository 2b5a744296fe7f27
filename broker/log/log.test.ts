import { describe, expect, test } from 'vitest'
import { append, openLog, readAll, stage, testFolder, testingContext } from './testing.ts'

const numbered = (count: number, from = 0): [number, string][] =>
  Array.from({ length: count }, (_, at) => [from + at, `v${from + at}`])
const values = (count: number, from = 0): string[] => numbered(count, from).map(([, value]) => value)

describe('appending and reading', () => {
  test('what is staged in one turn is written by one call, and read from memory and from the file alike', async () => {
    const context = testingContext()
    const { log } = await openLog(context)
    for (let from = 0; from < 10; from += 2) stage(log, { values: values(2, from) })
    expect([log.endOffset, log.nextOffset]).toEqual([0, 10])
    expect(log.flush()).toEqual({ written: 5 })
    expect(log.endOffset).toBe(10)
    expect(context.counters.writes).toBe(1)
    expect(await readAll(log)).toEqual(numbered(10))
    expect(await readAll(log, 0, 'file')).toEqual(numbered(10))
  })

  test('a read from the middle of a batch returns the whole batch, and at least one (KIP-74)', async () => {
    const { log } = await openLog(testingContext())
    append(log, { values: values(5) })
    append(log, { values: values(5, 5) })
    for (const read of [log.readMemory(7, 1, 10)!, await log.readFile(7, 1, 10)]) {
      expect(read.bytes).toBeTruthy()
      read.release()
    }
    expect(await readAll(log, 7)).toEqual(numbered(3, 7))
    expect(await readAll(log, 7, 'file')).toEqual(numbered(3, 7))
  })

  test('nothing at or above the limit is read', async () => {
    const { log } = await openLog(testingContext())
    append(log, { values: values(5) })
    append(log, { values: values(5, 5) })
    expect(log.readMemory(0, 10_000, 9)!.chunks).toHaveLength(1)
    expect(log.readMemory(5, 10_000, 9)!.chunks).toHaveLength(0)
    expect((await log.readFile(5, 10_000, 9)).bytes).toHaveLength(0)
  })

  test('segments follow each other; a new one begins when the next request does not fit', async () => {
    const context = testingContext()
    const { log } = await openLog(context, { segmentBytes: 300 })
    for (let from = 0; from < 40; from += 2) append(log, { values: values(2, from) })
    expect(log.segmentCount).toBeGreaterThan(5)
    const bases = context.disk.list(testFolder).filter((name) => name.endsWith('.log'))
    expect(bases).toHaveLength(log.segmentCount)
    for (const name of bases) expect(context.disk.bytes(`${testFolder}/${name}`).length).toBeLessThanOrEqual(300)
    expect(await readAll(log, 0, 'file')).toEqual(numbered(40))
  })
})
