// What stands in the files of the brokers' logs when all have stopped: batch by batch, so that replicas can be laid side by side (R5).
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReplicaBatch } from '../checkers/index.ts'

/** Base offset (8 bytes), length of what follows (4), leader epoch (4), ... as in record batch v2. */
const headerBytes = 12
const lastOffsetDeltaAt = 23
const producerAt = { id: 43, epoch: 51, sequence: 53 }

/** Who wrote a batch, for people who look for the reason of a failure. */
export interface BatchOrigin {
  readonly producerId: number
  readonly producerEpoch: number
  readonly sequence: number
}

export interface LogFiles {
  readonly startOffset: number
  readonly endOffset: number
  readonly batches: readonly (ReplicaBatch & BatchOrigin)[]
}

/** A partition's folder: its segments in order. A torn tail, which a recovery would cut, is left out. */
export function readLogFiles(folder: string): LogFiles {
  const batches: (ReplicaBatch & BatchOrigin)[] = []
  let endOffset = 0
  const segments = readdirSync(folder).filter((name) => /^\d{20}\.log$/.test(name))
  for (const name of segments.sort()) {
    const bytes = readFileSync(join(folder, name))
    if (batches.length === 0) endOffset = Number(name.slice(0, 20))
    for (let at = 0; at + headerBytes <= bytes.length; ) {
      const size = headerBytes + bytes.readInt32BE(at + 8)
      if (size < producerAt.sequence + 4 || at + size > bytes.length) break
      const offset = Number(bytes.readBigInt64BE(at))
      const digest = createHash('sha1')
        .update(bytes.subarray(at, at + size))
        .digest('hex')
        .slice(0, 16)
      batches.push({
        offset,
        leaderEpoch: bytes.readInt32BE(at + headerBytes),
        digest,
        producerId: Number(bytes.readBigInt64BE(at + producerAt.id)),
        producerEpoch: bytes.readInt16BE(at + producerAt.epoch),
        sequence: bytes.readInt32BE(at + producerAt.sequence),
      })
      endOffset = offset + bytes.readInt32BE(at + lastOffsetDeltaAt) + 1
      at += size
    }
  }
  return { startOffset: batches[0]?.offset ?? endOffset, endOffset, batches }
}
