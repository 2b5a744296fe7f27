// What stands in the files of a simulated broker's logs, batch by batch: what replicas are compared by, and what a loss has left.
import { iterateRecords, verifyCrc } from '@castellan/protocol/records'
import type { Platters } from '@castellan/testing/simulator'
import type { Message, ReplicaBatch } from '../checkers/index.ts'

/** Record batches of version 2: base offset (8 bytes), length of the rest (4), leader epoch (4), ... */
const lengthAt = 8
const prefixBytes = 12
const epochAt = 12
const lastOffsetDeltaAt = 23
const headerBytes = 61

const decoder = new TextDecoder()

/** A batch in its segment. */
export interface Place {
  readonly path: string
  readonly position: number
  readonly bytes: Uint8Array
}

export function folderOf(topicId: string, partition: number): string {
  return `/data/logs/${topicId}/${partition}`
}

export function batchesIn(platters: Platters, folder: string): ReplicaBatch[] {
  return [...wholeBatches(platters, folder)].map(({ bytes }) => {
    const view = viewOf(bytes)
    return { offset: offsetOf(view), leaderEpoch: view.getInt32(epochAt), digest: digestOf(bytes) }
  })
}

/** Where the batches stand whose records are all below this offset. */
export function placesBelow(platters: Platters, folder: string, offset: number): Place[] {
  return [...wholeBatches(platters, folder)].filter(({ bytes }) => endOf(bytes) <= offset)
}

/** Of batches whose checksums are right: what a recovery would leave. */
export function endOfLog(platters: Platters, folder: string): number {
  let endOffset = 0
  for (const bytes of goodBatches(platters, folder)) endOffset = endOf(bytes)
  return endOffset
}

/** What its producers sent, by offset. */
export function messagesIn(platters: Platters, folder: string): Map<number, Message> {
  const messages = new Map<number, Message>()
  for (const bytes of goodBatches(platters, folder)) {
    for (const { offset, value } of iterateRecords(bytes, 0)) messages.set(offset, messageOf(value))
  }
  return messages
}

/** Under which this was written; undefined: it does not stand there. */
export function epochOf(platters: Platters, folder: string, { offset, key, n }: Message & { readonly offset: number }) {
  for (const bytes of goodBatches(platters, folder)) {
    const view = viewOf(bytes)
    if (offset < offsetOf(view) || offset >= endOf(bytes)) continue
    for (const record of iterateRecords(bytes, 0)) {
      if (record.offset !== offset) continue
      const found = messageOf(record.value)
      return found.key === key && found.n === n ? view.getInt32(epochAt) : undefined
    }
  }
  return undefined
}

/** As the services of a run write it. */
export function messageOf(value: Uint8Array | null): Message {
  const { key, n } = JSON.parse(decoder.decode(value ?? new Uint8Array(0)))
  return { key, n }
}

function* goodBatches(platters: Platters, folder: string): Generator<Uint8Array> {
  for (const { bytes } of wholeBatches(platters, folder)) if (verifyCrc(bytes, 0, bytes.length)) yield bytes
}

function* wholeBatches({ files }: Platters, folder: string): Generator<Place> {
  const segments = [...files].filter(([path]) => path.startsWith(`${folder}/`) && path.endsWith('.log')).sort()
  for (const [path, { bytes, size }] of segments) {
    const view = viewOf(bytes)
    for (let at = 0; at + headerBytes <= size; ) {
      const end = at + prefixBytes + view.getInt32(at + lengthAt)
      if (end > size || end < at + headerBytes) break
      yield { path, position: at, bytes: bytes.subarray(at, end) }
      at = end
    }
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}

function offsetOf(view: DataView): number {
  return Number(view.getBigInt64(0))
}

/** One past its last record. */
function endOf(bytes: Uint8Array): number {
  const view = viewOf(bytes)
  return offsetOf(view) + view.getInt32(lastOffsetDeltaAt) + 1
}

/** FNV-1a. */
function digestOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}
