// What a leader checks of a produced batch's records before it appends them: cheaply, nothing is made of them.
//
// Compressed batches stay closed (design.md, Fast): of those only the header is checked.
import { compressionOf } from './compression.ts'
import { RecordError } from './errors.ts'
import { readBatchHeader } from './header.ts'
import * as layout from './layout.ts'
import { VarintReader } from './varint.ts'

/**
 * Checks the batch at `at` as a producer must have built it: record count and last offset agree; and where it is not compressed,
 * that each record fills its length, has the next offset, and the last one ends the batch.
 *
 * Null when all is well, else what is wrong (returned, not thrown: a broker expects this and answers with its `errorCode`).
 */
export function checkRecords(bytes: Uint8Array, at: number): RecordError | null {
  try {
    const header = readBatchHeader(bytes, at)
    if (header.recordCount < 1 || header.recordCount !== header.lastOffsetDelta + 1) {
      const { recordCount, lastOffsetDelta } = header
      return new RecordError(
        'record-malformed',
        `a batch of ${recordCount} records ends at offset delta ${lastOffsetDelta}`,
      )
    }
    if (compressionOf(header.attributes) === 'none') {
      walkRecords(bytes, at + layout.recordsAt, at + layout.prefixBytes + header.batchLength, header.recordCount)
    }
    return null
  } catch (error) {
    if (error instanceof RecordError) return error
    throw error
  }
}

// ---------------------------------------------------------------- the walk

function walkRecords(bytes: Uint8Array, start: number, end: number, count: number): void {
  const reader = new VarintReader(bytes, start, end)
  for (let index = 0; index < count; index++) {
    const next = passUsual(bytes, reader.at, end, index)
    if (next < 0) passAny(reader, index)
    else reader.at = next
  }
  if (reader.at !== end) throw malformed(`${end - reader.at} bytes follow the last record of a batch`)
}

/**
 * Where the record at `at` ends, when it is of the usual form: no headers, lengths and offset of one or two bytes. -1: it is not,
 * or something is wrong with it. Written out, because this is where the time goes: it takes half of what calls would.
 */
function passUsual(bytes: Uint8Array, start: number, end: number, index: number): number {
  let at = start
  let zigzag = bytes[at++]!
  if (zigzag >= 0x80) zigzag = (zigzag & 0x7f) | (bytes[at++]! << 7)
  const recordEnd = at + (zigzag >>> 1)
  // A third byte, which sets a bit from 14 on, is as unusual as a negative length.
  if (zigzag >= 0x4000 || (zigzag & 1) === 1 || recordEnd > end) return -1
  at++ // attributes
  if (bytes[at++]! >= 0x80 && bytes[at++]! >= 0x80 && bytes[at++]! >= 0x80) return -1
  zigzag = bytes[at++]!
  if (zigzag >= 0x80) zigzag = (zigzag & 0x7f) | (bytes[at++]! << 7)
  if (zigzag !== index << 1) return -1
  for (let field = 0; field < 2; field++) {
    zigzag = bytes[at++]!
    if (zigzag >= 0x80) zigzag = (zigzag & 0x7f) | (bytes[at++]! << 7)
    if (zigzag >= 0x4000) return -1
    if ((zigzag & 1) === 0) at += zigzag >>> 1
    else if (zigzag !== 1) return -1 // only -1, null, is below 0
    if (at >= recordEnd) return -1
  }
  return bytes[at] === 0 && at + 1 === recordEnd ? recordEnd : -1
}

/** Passes over any well-formed record. Throws a RecordError for all else. */
function passAny(reader: VarintReader, index: number): void {
  const length = reader.length(false)
  const end = reader.at + length
  reader.at++ // attributes
  reader.varlong()
  if (reader.varint() !== index) throw malformed(`record ${index} of a batch has another offset`)
  skip(reader, true)
  skip(reader, true)
  const headers = reader.varint()
  for (let header = 0; header < headers; header++) {
    skip(reader, false)
    skip(reader, true)
  }
  if (reader.at !== end || headers < 0) throw malformed(`record ${index} of a batch does not fill its length`)
}

function skip(reader: VarintReader, nullable: boolean): void {
  const length = reader.length(nullable)
  if (length > 0) reader.at += length
}

function malformed(problem: string): RecordError {
  return new RecordError('record-malformed', problem)
}
