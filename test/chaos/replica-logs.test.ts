// Log files as the brokers write them, read batch by batch.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBatch } from '@castellan/protocol/records'
import { afterEach, expect, test } from 'vitest'
import { readLogFiles } from './replica-logs.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A batch with its place in the log, as a leader patches it in. */
function batch(offset: number, leaderEpoch: number, values: readonly string[]): Buffer {
  const bytes = Buffer.from(buildBatch({ records: values.map((value) => ({ value, timestamp: 1 })) }))
  bytes.writeBigInt64BE(BigInt(offset), 0)
  bytes.writeInt32BE(leaderEpoch, 12)
  return bytes
}

function folderOf(files: Readonly<Record<string, Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-replica-'))
  folders.push(folder)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

test('segments in order, each batch with its epoch; the same bytes have the same digest', () => {
  const first = Buffer.concat([batch(5, 1, ['a', 'b']), batch(7, 1, ['c'])])
  const second = batch(8, 3, ['d', 'e', 'f'])
  const files = { '00000000000000000008.log': second, '00000000000000000005.log': first, epochs: Buffer.from('x') }
  const log = readLogFiles(folderOf(files))
  expect(log).toMatchObject({ startOffset: 5, endOffset: 11 })
  expect(log.batches.map(({ offset, leaderEpoch }) => [offset, leaderEpoch])).toEqual([
    [5, 1],
    [7, 1],
    [8, 3],
  ])
  const other = readLogFiles(folderOf({ '00000000000000000005.log': batch(5, 1, ['a', 'B']) }))
  expect(readLogFiles(folderOf(files)).batches).toEqual(log.batches)
  expect(other.batches[0]!.digest).not.toBe(log.batches[0]!.digest)
})

test('a torn tail is left out; an empty log begins where its segment does', () => {
  const whole = batch(0, 0, ['a'])
  const torn = batch(1, 0, ['b']).subarray(0, 40)
  expect(readLogFiles(folderOf({ '00000000000000000000.log': Buffer.concat([whole, torn]) }))).toMatchObject({
    startOffset: 0,
    endOffset: 1,
  })
  expect(readLogFiles(folderOf({ '00000000000000000042.log': Buffer.alloc(0) }))).toEqual({
    startOffset: 42,
    endOffset: 42,
    batches: [],
  })
})
