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

// ---------------------------------------------------------------- the walk: about 20 ns a record

/** Where the number that `varint` read ends. A variable of the module: a pair would be garbage for each number. */
let next = 0

function walkRecords(bytes: Uint8Array, start: number, end: number, count: number): void {
  let at = start
  for (let index = 0; index < count; index++) {
    const length = varint(bytes, at, end)
    const recordEnd = next + length
    if (length < 0 || recordEnd > end) throw malformed(`record ${index} of a batch has a length of ${length}`)
    at = skipTimestamp(bytes, next + 1, recordEnd) // after the attributes
    if (varint(bytes, at, recordEnd) !== index) throw malformed(`record ${index} of a batch has another offset`)
    at = skip(bytes, next, recordEnd, -1)
    at = skip(bytes, at, recordEnd, -1)
    const headers = varint(bytes, at, recordEnd)
    at = next
    for (let header = 0; header < headers; header++) {
      at = skip(bytes, at, recordEnd, 0)
      at = skip(bytes, at, recordEnd, -1)
    }
    if (at !== recordEnd || headers < 0) throw malformed(`record ${index} of a batch does not fill its length`)
  }
  if (at !== end) throw malformed(`${end - at} bytes follow the last record of a batch`)
}

/** Passes over a length and what follows; returns where that ends. `lengthMin` is -1 for what may be null. */
function skip(bytes: Uint8Array, at: number, end: number, lengthMin: number): number {
  const length = varint(bytes, at, end)
  if (length < lengthMin || length > end - next) throw malformed(`a length of ${length} does not fit its record`)
  return length > 0 ? next + length : next
}

function skipTimestamp(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at]! >= 0x80) at++
  if (at - start < 7) return at + 1
  // Nine years and more between two records of a batch: it may be more than a consumer can read.
  const reader = new VarintReader(bytes, start, end)
  reader.varlong()
  return reader.at
}

/** As VarintReader does, without one where the number has one or two bytes. */
function varint(bytes: Uint8Array, at: number, end: number): number {
  if (at < end) {
    const first = bytes[at]!
    if (first < 0x80) {
      next = at + 1
      return (first >>> 1) ^ -(first & 1)
    }
    const second = at + 1 < end ? bytes[at + 1]! : 0x80
    if (second < 0x80) {
      next = at + 2
      return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1)
    }
  }
  const reader = new VarintReader(bytes, at, end)
  const value = reader.varint()
  next = reader.at
  return value
}

function malformed(problem: string): RecordError {
  return new RecordError('record-malformed', problem)
}
