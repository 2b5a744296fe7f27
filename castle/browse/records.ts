// Reading the records of a Fetch answer for people. What cannot be read (damaged, too large when decompressed, of a format that
// this version does not know) is said with the offsets it takes up, and passed: one bad batch must not hide what follows it.
import {
  batchBytes,
  isControl,
  iterateRecords,
  type Rec,
  RecordError,
  readBatchHeader,
  verifyCrc,
} from '@castellan/protocol/records'
import { messageOf } from '../errors.ts'

export type Step =
  | { readonly kind: 'record'; readonly record: Rec }
  /** Offsets [from, to) cannot be read. */
  | { readonly kind: 'unreadable'; readonly from: number; readonly to: number; readonly why: string }
  /** A batch is done: everything below `next` was given, or is not there (compacted, markers of transactions). */
  | { readonly kind: 'passed'; readonly next: number }

/** Of one batch: what a consumer would still take may be more; here the loop that serves heartbeats decompresses it. */
const decompressedBytesMax = 16 * 1024 * 1024
const prefixBytes = 12

/** Steps through the batches in `bytes` from `offset` on; the last batch may be cut off (KIP-74) and is left out then. */
export function* readRecords(bytes: Uint8Array, offset: number): Generator<Step, void, void> {
  let next = offset
  for (let at = 0; at + prefixBytes <= bytes.length; ) {
    const found = boundsOf(bytes, at, next)
    if (found === 'cut') return
    if (found.why === undefined) {
      try {
        for (const step of recordsOf(bytes, at, next)) {
          next = Math.max(next, step.record.offset + 1)
          yield step
        }
      } catch (error) {
        if (!(error instanceof RecordError)) throw error
        yield { kind: 'unreadable', from: next, to: Math.max(found.end, next + 1), why: messageOf(error) }
      }
    } else {
      yield { kind: 'unreadable', from: next, to: Math.max(found.end, next + 1), why: found.why }
      // Its length is not to be believed either.
      if (found.length === 0) return void (yield { kind: 'passed', next: next + 1 })
    }
    next = Math.max(next, found.end)
    yield { kind: 'passed', next }
    at += found.length
  }
}

interface Bounds {
  /** 0: not known. */
  readonly length: number
  /** The offset after its last. */
  readonly end: number
  /** Why it cannot be read, where that is known already. */
  readonly why?: string
}

function boundsOf(bytes: Uint8Array, at: number, next: number): Bounds | 'cut' {
  const bad = { length: 0, end: next + 1 }
  try {
    const length = batchBytes(bytes, at)
    if (at + length > bytes.length) return 'cut'
    const { baseOffset, lastOffsetDelta } = readBatchHeader(bytes, at)
    const end = baseOffset + lastOffsetDelta + 1
    const isSane = Number.isSafeInteger(end) && end > next - 1 && lastOffsetDelta >= 0
    if (!isSane) return { ...bad, length, why: `its header names the offsets ${baseOffset} to ${end - 1}` }
    const bounds = { length, end }
    return verifyCrc(bytes, at, length) ? bounds : { ...bounds, why: 'its checksum is wrong' }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    return { ...bad, why: messageOf(error) }
  }
}

function* recordsOf(bytes: Uint8Array, at: number, from: number): Generator<Extract<Step, { kind: 'record' }>> {
  if (isControl(readBatchHeader(bytes, at).attributes)) return
  for (const record of iterateRecords(bytes, at, { decompressedBytesMax })) {
    if (record.offset >= from) yield { kind: 'record', record }
  }
}
