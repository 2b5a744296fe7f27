// Whether the batches of one request follow what the log knows of their producer (R4): all are new, or all are repeats.
import { errors } from '@castellan/protocol'
import type { BatchAt, ProducerChange } from './appender.ts'
import { afterBatch, judge, type Producers, type Verdict } from './producers.ts'

type Refused = Extract<Verdict, { kind: 'refused' }>
type Duplicate = Extract<Admission, { kind: 'duplicate' }>

export type Admission =
  /** To be appended at the offset asked about. `changes`: what it has done to the producers, to undo it. */
  | { readonly kind: 'append'; readonly changes: readonly ProducerChange[] }
  /** It stands in the log already, or is staged to. */
  | { readonly kind: 'duplicate'; readonly baseOffset: number; readonly endOffset: number; readonly timestamp: number }
  | Refused

const noChanges: readonly ProducerChange[] = []

/** Judges the batches, and moves the producers on when they are to be appended from `offset` on. */
export function admit(
  producers: Producers,
  batches: readonly BatchAt[],
  offset: number,
  time: { readonly nowMs: number; readonly logAppendTimeMs: number },
): Admission {
  let changes: ProducerChange[] | undefined
  let duplicate: Duplicate | undefined
  for (const { header } of batches) {
    if (header.producerId >= 0) {
      const before = producers.get(header.producerId)
      const verdict = judge(before, header, producers.mayBeForgotten(header.producerId))
      if (verdict.kind === 'refused') return undone(producers, changes, verdict)
      if (verdict.kind === 'duplicate') {
        const { baseOffset, timestamp } = verdict.batch
        // The first says where they stand, the last when they may be acknowledged.
        const endOffset = Math.max(duplicate?.endOffset ?? 0, baseOffset + header.recordCount)
        duplicate = { kind: 'duplicate', baseOffset, timestamp, ...duplicate, endOffset }
        continue
      }
      const timestamp = time.logAppendTimeMs < 0 ? header.maxTimestamp : time.logAppendTimeMs
      producers.set(header.producerId, afterBatch(before, header, offset, timestamp, time.nowMs))
      changes ??= []
      changes.push({ producerId: header.producerId, before })
    }
    offset += header.lastOffsetDelta + 1
  }
  if (duplicate === undefined) return { kind: 'append', changes: changes ?? noChanges }
  if (changes === undefined && batches.every(({ header }) => header.producerId >= 0)) return duplicate
  return undone(producers, changes, {
    kind: 'refused',
    errorCode: errors.INVALID_RECORD.code,
    reason: 'a request repeats some of its batches and adds others',
  })
}

/** Moves the producers on by batches that a leader took already: a follower does not judge them. Returns what it has done, to undo it. */
export function learn(producers: Producers, batches: readonly BatchAt[], nowMs: number): readonly ProducerChange[] {
  const changes: ProducerChange[] = []
  for (const { header } of batches) {
    const { producerId, baseOffset, maxTimestamp } = header
    if (producerId < 0) continue
    const before = producers.get(producerId)
    producers.set(producerId, afterBatch(before, header, baseOffset, maxTimestamp, nowMs))
    changes.push({ producerId, before })
  }
  return changes
}

function undone(producers: Producers, changes: ProducerChange[] | undefined, outcome: Refused): Refused {
  for (const { producerId, before } of (changes ?? []).reverse()) producers.restore(producerId, before)
  return outcome
}
