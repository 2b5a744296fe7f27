import { BatchBuilder, type Compression, patchBatch } from '@castellan/protocol/records'
import { expect, test } from 'vitest'
import { readRecords, type Step } from './records.ts'

function batch(baseOffset: number, values: readonly string[], compression: Compression = 'none'): Buffer {
  const builder = new BatchBuilder()
  for (const value of values) builder.append({ key: null, value, timestamp: 1_000 })
  return Buffer.from(builder.build({ baseOffset, compression }))
}

const inShort = (step: Step) => {
  if (step.kind === 'record') return `${step.record.offset}=${Buffer.from(step.record.value ?? []).toString()}`
  return step.kind === 'passed' ? `->${step.next}` : `bad ${step.from}..${step.to}`
}
const read = (bytes: Uint8Array, offset: number) => [...readRecords(bytes, offset)].map(inShort)

test('records from an offset on, batch after batch; one that is cut off is left out', () => {
  const bytes = Buffer.concat([batch(10, ['a', 'b']), batch(12, ['c'], 'gzip'), batch(13, ['d']).subarray(0, 40)])
  expect(read(bytes, 11)).toEqual(['11=b', '->12', '12=c', '->13'])
  expect(read(new Uint8Array(0), 5)).toEqual([])
  expect(read(bytes.subarray(0, 5), 10)).toEqual([])
})

test('a batch whose checksum is wrong is said, and what follows is read', () => {
  const bad = batch(10, ['a', 'b'])
  bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
  expect(read(Buffer.concat([bad, batch(12, ['c'])]), 10)).toEqual(['bad 10..12', '->12', '12=c', '->13'])
})

test('a batch that decompresses to more than may be is said, not opened', () => {
  const bomb = batch(10, ['x'.repeat(20_000_000)], 'gzip')
  expect(bomb.length).toBeLessThan(100_000)
  expect(read(Buffer.concat([bomb, batch(11, ['c'])]), 10)).toEqual(['bad 10..11', '->11', '11=c', '->12'])
})

test('what is no batch at all moves on by one offset, so that nobody reads it for ever', () => {
  expect(read(Buffer.alloc(100), 7)).toEqual(['bad 7..8', '->8'])
  expect(read(Buffer.alloc(100, 0xff), 7)).toEqual(['bad 7..8', '->8'])
})

test('offsets that a header cannot mean are not believed', () => {
  const bytes = batch(3, ['a'])
  // Below what was asked for: it would send the reader back.
  expect(read(bytes, 7)).toEqual(['bad 7..8', '->8'])
  patchBatch(bytes, 0, { baseOffset: 7, partitionLeaderEpoch: 0 })
  expect(read(bytes, 7)).toEqual(['7=a', '->8'])
})
