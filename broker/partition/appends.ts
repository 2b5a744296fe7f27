// The way of a produce request into the log of a partition, and of its acknowledgement back.
//
//   append ─► checks ─► admission ─► log.stage ─┐  end of the turn    ┌─► high watermark ─► acknowledgements
//                       (producers)             └─► flush: one writev ┘       ▲        └─► watchers (waiting fetches)
//                                                       └─► followers fetch ──┘
//
// On a slow disk `flush` only begins to write, off the loop: what comes meanwhile is held, and goes this way when that is written.
import { errors, type Slab } from '@castellan/protocol'
import type { Timer } from '@castellan/protocol/runtime'
import { type Admission, admit } from '../log/admission.ts'
import type { FlushResult } from '../log/appender.ts'
import type { Log } from '../log/log.ts'
import { Acks, type PendingAck } from './acks.ts'
import { checkBatches, type Refusal, refusal } from './checks.ts'
import { type HeldAppend, HeldAppends } from './held.ts'
import {
  holdsAppends,
  holdsRecent,
  inSyncEndOffset,
  type LeaderState,
  mayBePassed,
  safeEndOffset,
  step,
} from './leader-state.ts'
import { type AppendResult, refusedAppend } from './results.ts'
import { leading, type PartitionState } from './state.ts'

export interface AppendEvents {
  /** The first append of a turn is staged: `flush` must be called at its end. */
  onStaged(): void
  /** Something was written. */
  onWritten(): void
  /** The high watermark rose. */
  onHighWatermark(): void
  /** The log was written to off the loop, and is not any more. */
  onIdle(): void
}

/** How often Ack 1 that waits is looked at again. */
const lookAgainMs = 100

export class Appends {
  readonly #state: PartitionState
  readonly #events: AppendEvents
  /** In the order of the log. */
  #staged: PendingAck[] = []
  /** What is being written off the loop. Until it is, and the log is idle again, appends are held: they come behind it. */
  #underWay: PendingAck[] = []
  readonly #acks = new Acks()
  readonly #held = new HeldAppends()
  /** While something waits at Ack 1. */
  #timer: Timer | null = null

  constructor(state: PartitionState, events: AppendEvents) {
    this.#state = state
    this.#events = events
  }

  /** As Partition.append. */
  append(records: Uint8Array, slab: Slab | null, acks: -1 | 0 | 1, done: (result: AppendResult) => void): void {
    const { settings, context, leaderEpoch, leader } = this.#state
    const log = leading(this.#state)
    if ('kind' in log) return done(refusedAppend(log.errorCode, log.reason))
    if (this.#mustHold(leader)) return this.#hold({ records, slab, acks, done })
    const nowMs = context.clock.wallMs()
    const batches = this.#tooFewReplicas(acks) ?? checkBatches(records, settings, nowMs)
    if ('kind' in batches) return done(refusedAppend(batches.errorCode, batches.reason))
    const logAppendTimeMs = settings.messageTimestampType === 'LogAppendTime' ? nowMs : -1
    const admission = admit(log.producers, batches, log.nextOffset, { nowMs, logAppendTimeMs })
    if (admission.kind === 'refused') {
      return done(refusedAppend(admission.errorCode, admission.reason, log.startOffset))
    }
    if (admission.kind === 'duplicate') {
      // What it repeats may only be staged: then it stands or falls with that.
      if (admission.endOffset > log.endOffset) this.flush()
      if (this.#state.isBusy) return this.#hold({ records, slab, acks, done })
      return this.#acknowledgeAgain(log, admission, acks, done)
    }
    const baseOffset = log.stage({ records, slab, batches, leaderEpoch, logAppendTimeMs, changes: admission.changes })
    const result = { errorCode: 0, baseOffset, logAppendTimeMs, logStartOffset: log.startOffset }
    this.#staged.push({ acks, endOffset: log.nextOffset, result, done })
    if (this.#staged.length === 1) this.#events.onStaged()
  }

  #mustHold(leader: LeaderState | null): boolean {
    return this.#state.isBusy || (leader !== null && holdsAppends(leader))
  }

  #hold(append: HeldAppend): void {
    this.#held.add(append)
    // Another time, then: nobody is kept waiting for memory. (For a slow disk they must wait, and those who send: for memory of requests.)
    if (this.#held.isFull && !this.#state.isBusy) this.overtime()
  }

  /** Appends were held for as long as may be: they go on. */
  overtime(): void {
    if (this.#state.leader !== null) this.#state.leader = step(this.#state.leader, { kind: 'overtime' })
    this.#letGo()
  }

  #letGo(): void {
    if (this.#mustHold(this.#state.leader)) return
    this.#held.takeAll(({ records, slab, acks, done }) => this.append(records, slab, acks, done))
  }

  #tooFewReplicas(acks: -1 | 0 | 1): Refusal | undefined {
    return acks === -1 && this.lacksReplicas() ? refusal(errors.NOT_ENOUGH_REPLICAS, this.#inSyncText()) : undefined
  }

  /** The confirmed ISR is smaller than min.insync.replicas: nothing is taken at Ack -1 (R6). */
  lacksReplicas(): boolean {
    const { leader, settings } = this.#state
    return leader !== null && leader.assigned.isr.length < settings.minInsyncReplicas
  }

  #inSyncText(): string {
    const { leader, settings } = this.#state
    return `${leader?.assigned.isr.length} in sync, min.insync.replicas=${settings.minInsyncReplicas}`
  }

  /** A repeat is acknowledged with the offset of the first time, and not before that is. */
  #acknowledgeAgain(
    log: Log,
    duplicate: Extract<Admission, { kind: 'duplicate' }>,
    acks: -1 | 0 | 1,
    done: (result: AppendResult) => void,
  ): void {
    const { baseOffset, endOffset, timestamp } = duplicate
    if (endOffset > log.endOffset)
      return done(refusedAppend(errors.KAFKA_STORAGE_ERROR.code, 'the disk refused the first one'))
    const logAppendTimeMs = this.#state.settings.messageTimestampType === 'LogAppendTime' ? timestamp : -1
    this.#acks.add({
      acks,
      endOffset,
      result: { errorCode: 0, baseOffset, logAppendTimeMs, logStartOffset: log.startOffset },
      done,
    })
    this.advance()
  }

  /** Writes what is staged, or begins to when the disk is slow. */
  flush(): void {
    const { log } = this.#state
    if (this.#staged.length === 0 || log === undefined) return
    const staged = this.#staged
    this.#staged = []
    if (!log.isSlow) return this.#flushNow(log, staged)
    this.#state.isBusy = true
    this.#underWay = staged
    void log
      .flushOffLoop((fromOffset) => this.#noteWritten(fromOffset))
      .then((result) => {
        const left = this.#underWay
        // What becomes of them is said now, and only once: also when this replica stops leading before its log is idle.
        this.#underWay = []
        // Out of use, or of no concern any more: then all were refused.
        if (!log.isAbandoned) this.#flushed(log, left, result)
        // Only then may anything be staged: who waits for the log itself comes first.
        this.#state.context.clock.soon(() => this.#idle())
      })
  }

  #flushNow(log: Log, staged: readonly PendingAck[]): void {
    const fromOffset = log.endOffset
    const result = log.flush()
    if (result.written > 0) this.#noteWritten(fromOffset)
    this.#flushed(log, staged, result)
  }

  #idle(): void {
    this.#state.isBusy = false
    this.#events.onIdle()
    this.#letGo()
  }

  /** Acknowledges what may be, and refuses what the disk did not take. */
  #flushed(log: Log, staged: readonly PendingAck[], { written, error }: FlushResult): void {
    const { context, topic, index } = this.#state
    for (let at = 0; at < written && at < staged.length; at++) this.#acks.add(staged[at]!)
    if (this.#state.fault !== null) this.refuseAll(errors.KAFKA_STORAGE_ERROR, this.#state.fault)
    if (written > 0) {
      this.#syncIfAsked(log)
      this.advance()
    }
    if (error === undefined) return
    context.complaints.say('refused', { topic, partition: index, error }, 'the disk refused batches', 'error')
    const refused = refusedAppend(errors.KAFKA_STORAGE_ERROR.code, error.message)
    for (const pending of staged.slice(written)) pending.done(refused)
  }

  /** In the turn in which it is in the log: followers are to fetch it, and those that were idle had everything until now. */
  #noteWritten(fromOffset: number): void {
    const { leader } = this.#state
    if (leader !== null && leader.followers.length > 0)
      this.#state.leader = step(leader, { kind: 'appended', fromOffset })
    this.#events.onWritten()
  }

  /** flush.messages=1: nothing is acknowledged or shown before it is synced. More: a sync begins each time so many are not. */
  #syncIfAsked(log: Log): void {
    const unsynced = log.endOffset - log.syncedOffset
    if (unsynced === 0 || unsynced < this.#state.settings.flushMessages) return
    // When it fails, the log says so to the partition.
    void log.sync().then(() => this.advance())
  }

  /** Leads, or has other settings or another ISR: what stands in the log may be acknowledged now, or not any more. */
  resume(): void {
    const { log, leader } = this.#state
    if (log !== undefined && leader !== null) this.#syncIfAsked(log)
    this.#letGo()
    this.advance()
    if (!this.lacksReplicas()) return
    this.#acks.refuseUncommitted(refusedAppend(errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code, this.#inSyncText()))
  }

  /** Raises the high watermark as far as it may (it never goes back), and acknowledges what waited for that. */
  advance(): void {
    const { log, leader, fault, settings, highWatermark: before } = this.#state
    if (log === undefined || fault !== null || leader === null) return
    const ownOffset = settings.flushMessages === 1 ? log.syncedOffset : log.endOffset
    const highWatermark = Math.max(before, safeEndOffset(leader, ownOffset))
    this.#state.highWatermark = highWatermark
    this.#acks.complete(highWatermark, ownOffset, () => this.#answerableEnd(leader, ownOffset))
    if (this.#acks.waitsForFollowers) this.#lookAgain()
    if (highWatermark > before) this.#events.onHighWatermark()
  }

  /** Followers of an idle partition are heard of without a word of it: nobody would say that a repeat can be acknowledged now. */
  #lookAgain(): void {
    this.#timer ??= this.#state.context.clock.after(lookAgainMs, () => {
      this.#timer = null
      this.advance()
    })
  }

  #answerableEnd(leader: LeaderState, ownOffset: number): number {
    if (!this.mayAnswer()) return -1
    return this.#state.isLeaving || mayBePassed(leader) ? inSyncEndOffset(leader, ownOffset) : ownOffset
  }

  /** R2's rule for what is not replicated yet. */
  mayAnswer(): boolean {
    const { log, leader, fault, context } = this.#state
    if (log === undefined || fault !== null || leader === null) return false
    return leader.followers.length === 0 || holdsRecent(leader, log.endOffset, context.clock.nowMs())
  }

  /** Refuses all that waits, also what is staged: it will not be written. */
  refuseAll(error: { readonly code: number }, reason: string): void {
    const result = refusedAppend(error.code, reason)
    const staged = [...this.#underWay, ...this.#staged]
    this.#staged = []
    this.#underWay = []
    this.#acks.refuse(result)
    for (const pending of staged) pending.done(result)
    this.#held.takeAll(({ done }) => done(result))
  }
}
