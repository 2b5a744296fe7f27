// What can be wrong with a record batch, each with a code of ours, the Kafka error that tells a client so, and
// what to do next.
//
// Batches come from strangers: whatever is malformed throws a RecordError, and nothing else.

const table = {
  /** The batch, or a length in it, reaches past the bytes at hand. */
  'batch-truncated': { errorCode: 2, next: 'fetch it again, or send the whole batch' },
  'batch-malformed': { errorCode: 2, next: 'send a well-formed record batch' },
  /** Message formats 0 and 1 went out with Kafka 4. */
  'magic-unsupported': { errorCode: 43, next: 'use a client that writes message format v2 (Kafka 0.11 or newer)' },
  'crc-mismatch': { errorCode: 2, next: 'send it again; when it stays, look for a failing disk, memory or network' },
  'record-malformed': { errorCode: 87, next: 'send records whose lengths and counts fit their batch' },
  'compression-unknown': { errorCode: 76, next: 'use none, gzip, snappy, lz4 or zstd' },
  /** This Node cannot do it. */
  'compression-unavailable': { errorCode: 76, next: 'run on a newer Node, or choose another compression' },
  'compression-malformed': { errorCode: 2, next: 'send it again; when it stays, the sender compresses wrongly' },
  'decompressed-too-large': { errorCode: 10, next: 'send smaller batches' },
  'batch-too-large': { errorCode: 10, next: 'put fewer or smaller records into one batch' },
  'record-invalid': { errorCode: 87, next: 'give keys and values as string, Uint8Array or null' },
} as const

export type RecordErrorCode = keyof typeof table

export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly code: RecordErrorCode
  /** Kafka's error code for it. */
  readonly errorCode: number

  constructor(code: RecordErrorCode, problem: string, cause?: unknown) {
    super(`${problem}: ${table[code].next}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.errorCode = table[code].errorCode
  }
}
