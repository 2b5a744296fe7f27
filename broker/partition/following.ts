// A replica that follows: what it asks its leader for, and what it does with the answer (R5).
//
//   records ──────────► checked, staged as they are, one write ──► ask on from the new end
//   diverging epoch ──► cut where the two logs part (truncationPoint) ──► ask on from there
//   out of range ─────► begin anew where the leader's log begins
//   anything else ────► nothing changes; ask again after a while
//
// Asking from an offset tells the leader that everything below it is here; with flush.messages=1 the question says that it is synced,
// too, for the leader may have heard of that setting earlier. The leader decides about retention and start offset, a follower only goes after it.
import assert from 'node:assert/strict'
import { errorOf, errors, type FetchResponse, type Slab } from '@castellan/protocol'
import { messageOf, systemCode } from '../errors.ts'
import { learn } from '../log/admission.ts'
import type { FlushResult } from '../log/appender.ts'
import { checkCopies, firstOffset } from '../log/copies.ts'
import { LogError } from '../log/errors.ts'
import type { Log } from '../log/log.ts'
import { type EpochEnd, truncationPoint } from '../log/truncation-point.ts'
import type { PartitionState } from './state.ts'

export type FetchedPartition = FetchResponse['responses'][number]['partitions'][number]

/** What a follower asks of its leader. */
export interface Position {
  readonly leaderEpoch: number
  /** The end of its log. */
  readonly offset: number
  /** The leader epoch of its last record; -1: it has none. */
  readonly lastEpoch: number
  readonly startOffset: number
  /** It knows of flush.messages=1, and all below `offset` is synced. */
  readonly isSynced: boolean
}

/** When to ask on. */
export type Outcome =
  | { readonly kind: 'now' }
  /** `reason` is for people; null: it is nothing unusual, such as an election that one of the two has not heard of yet. */
  | { readonly kind: 'later'; readonly reason: string | null }
  /** The answer was to an older question. */
  | { readonly kind: 'stale' }

const now: Outcome = { kind: 'now' }
const stale: Outcome = { kind: 'stale' }

export interface FollowingEvents {
  /** Something was written. */
  onWritten(): void
  /** A leader epoch began. */
  onEpoch(): void
  /** High watermark or start offset moved. */
  onMoved(): void
  /** The log was cut, or written to off the loop, and is not any more. */
  onIdle(): void
  onFault(error: unknown): void
  /** The high watermark went back. */
  onCutBelow(): void
  /** A log that is fetched anew has everything that is committed, as its leader says. */
  onWhole(): void
}

/** Errors that pass by themselves soon after an election. */
const passing: ReadonlySet<number> = new Set([
  errors.FENCED_LEADER_EPOCH.code,
  errors.UNKNOWN_LEADER_EPOCH.code,
  errors.NOT_LEADER_OR_FOLLOWER.code,
  errors.UNKNOWN_TOPIC_ID.code,
  errors.UNKNOWN_TOPIC_OR_PARTITION.code,
])

export class Following {
  readonly #state: PartitionState
  readonly #events: FollowingEvents
  #isDeleting = false

  constructor(state: PartitionState, events: FollowingEvents) {
    this.#state = state
    this.#events = events
  }

  /** Null: it does not follow, or cannot ask now. */
  get position(): Position | null {
    const { followed, log, settings, isBusy } = this.#state
    if (followed === null || log === undefined || isBusy) return null
    const { endOffset: offset, startOffset } = log
    const isSynced = settings.flushMessages === 1 && log.syncedOffset >= offset
    return { leaderEpoch: followed.leaderEpoch, offset, lastEpoch: log.epochAt(offset - 1), startOffset, isSynced }
  }

  /** Before the first question to a new leader, or at a new epoch. */
  begin(): Outcome | Promise<Outcome> {
    const { followed, log, isBusy } = this.#state
    if (followed === null || log === undefined || isBusy) return stale
    log.forgetEmptyEpochs()
    return this.#synced(log)
  }

  /** Takes the leader's answer to `asked`. `slab` holds its records: it is retained while they are needed. */
  take(asked: Position, answer: FetchedPartition, slab: Slab): Outcome | Promise<Outcome> {
    const { followed, log, isBusy } = this.#state
    if (followed?.leaderEpoch !== asked.leaderEpoch || log === undefined || isBusy) return stale
    if (log.endOffset !== asked.offset) return stale
    if (answer.errorCode === errors.OFFSET_OUT_OF_RANGE.code) return this.#outOfRange(log, asked, answer)
    if (answer.errorCode !== 0) return this.#refused(answer.errorCode)
    if (answer.divergingEpoch !== null) return this.#cut(log, answer.divergingEpoch)
    const { records } = answer
    const outcome =
      records === null || records.length === 0 ? now : this.#takeRecords(log, asked, answer, records, slab)
    if (!this.#state.isBusy) this.#moveOn(log, answer)
    return outcome
  }

  #refused(errorCode: number): Outcome {
    return { kind: 'later', reason: passing.has(errorCode) ? null : `the leader says ${errorOf(errorCode).name}` }
  }

  // ---------------------------------------------------------------- appending

  #takeRecords(
    log: Log,
    asked: Position,
    answer: FetchedPartition,
    records: Uint8Array,
    slab: Slab,
  ): Outcome | Promise<Outcome> {
    const first = firstOffset(records)
    if (first !== undefined && first < asked.offset && log.startOffset === asked.offset)
      return this.#beginInside(log, asked, answer, first, records, slab)
    if (!log.isSlow) return this.#append(log, asked, records, slab)
    return this.#alone(async () => {
      const outcome = await this.#append(log, asked, records, slab)
      if (!log.isAbandoned) this.#moveOn(log, answer)
      return outcome
    })
  }

  #append(log: Log, asked: Position, records: Uint8Array, slab: Slab): Outcome | Promise<Outcome> {
    const { context, settings } = this.#state
    const { runs, problem } = checkCopies(records, asked, settings.segmentBytes)
    const nowMs = context.clock.wallMs()
    for (const { records, batches } of runs)
      log.stageCopied({ records, slab, batches, changes: learn(log.producers, batches, nowMs) })
    if (!log.isSlow) return this.#appended(log, log.flush(), problem)
    return log.flushOffLoop().then((result) => this.#appended(log, result, problem))
  }

  #appended(log: Log, { written, epochBegan, error }: FlushResult, problem: string | null): Outcome | Promise<Outcome> {
    if (log.isAbandoned) return stale
    if (written > 0) this.#events.onWritten()
    if (epochBegan) this.#events.onEpoch()
    if (error !== undefined) return { kind: 'later', reason: error.message }
    if (problem !== null) return { kind: 'later', reason: `the leader sent what its log cannot hold: ${problem}` }
    return written > 0 ? this.#synced(log) : { kind: 'later', reason: 'the leader sent no whole batch' }
  }

  /** flush.messages=1: asking on says that all is synced. More: a sync begins each time so many are not. */
  #synced(log: Log): Outcome | Promise<Outcome> {
    const { flushMessages } = this.#state.settings
    const unsynced = log.endOffset - log.syncedOffset
    if (unsynced === 0 || unsynced < flushMessages) return now
    // When it fails, the log says so to the partition.
    const sync = log.sync()
    return flushMessages > 1 ? now : sync.then(() => now)
  }

  /** What the leader says of high watermark, start offset, and what a replica needs to be in sync. */
  #moveOn(log: Log, { highWatermark, lastStableOffset, logStartOffset }: FetchedPartition): void {
    const state = this.#state
    const reached = Math.min(highWatermark, log.endOffset)
    const isHigher = reached > state.highWatermark
    if (isHigher) state.highWatermark = reached
    if (isHigher) this.#events.onMoved()
    if (state.isAnew && lastStableOffset >= 0 && log.endOffset >= lastStableOffset) this.#events.onWhole()
    if (logStartOffset > log.startOffset && log.endOffset > log.startOffset && !this.#isDeleting)
      void this.#deleteBefore(log, Math.min(logStartOffset, log.endOffset))
  }

  async #deleteBefore(log: Log, offset: number): Promise<void> {
    this.#isDeleting = true
    try {
      await log.deleteBefore(offset, log.endOffset)
      this.#events.onMoved()
    } finally {
      this.#isDeleting = false
    }
  }

  // ---------------------------------------------------------------- cutting

  #cut(log: Log, diverging: EpochEnd): Outcome | Promise<Outcome> {
    const offset = truncationPoint(log, diverging)
    if (offset >= log.endOffset) {
      const { epoch, endOffset } = diverging
      return { kind: 'later', reason: `the leader says that epoch ${epoch} ends at ${endOffset}, which cuts nothing` }
    }
    return this.#alone(async () => {
      const before = { endOffset: log.endOffset, highWatermark: this.#state.highWatermark }
      this.#lowerTo(offset)
      await log.truncateTo(offset)
      this.#noteCut(before, log.endOffset, diverging)
      return now
    })
  }

  #noteCut(before: { endOffset: number; highWatermark: number }, after: number, diverging: EpochEnd): void {
    const { context, topic, index } = this.#state
    const { endOffset: from, highWatermark } = before
    context.counters.truncations++
    context.counters.truncatedRecords += from - after
    this.#lowerTo(after)
    const fields = { topic, partition: index, from, to: after, highWatermark, diverging }
    if (after < highWatermark)
      context.log.warn(fields, 'cut below the high watermark: an unclean election lost records')
    else context.log.info(fields, 'cut the log back to where it agrees with its leader')
  }

  /** Before the log is cut: one that ends below what is written down counts as damaged at the next start (R9). */
  #lowerTo(offset: number): void {
    if (offset >= this.#state.highWatermark) return
    this.#state.highWatermark = offset
    this.#events.onCutBelow()
  }

  /** The leader has no such offset: what is here was deleted there, or there is nothing here. */
  #outOfRange(
    log: Log,
    { offset, lastEpoch }: Position,
    { logStartOffset }: FetchedPartition,
  ): Outcome | Promise<Outcome> {
    const isBehind = offset < logStartOffset
    const isUnknown = lastEpoch < 0 && logStartOffset >= 0 && logStartOffset !== offset
    if (!isBehind && !isUnknown) {
      return { kind: 'later', reason: `offset ${offset} of epoch ${lastEpoch} is out of the leader's range` }
    }
    return this.#alone(async () => {
      const { context, topic, index } = this.#state
      const fields = { topic, partition: index, startOffset: log.startOffset, endOffset: offset, logStartOffset }
      context.log.info(fields, 'begins anew where the log of its leader begins')
      await this.#beginAnew(log, logStartOffset)
      return now
    })
  }

  async #beginAnew(log: Log, offset: number): Promise<void> {
    this.#state.context.counters.begunAnew++
    this.#lowerTo(offset)
    await log.beginAnew(offset)
    this.#state.highWatermark = offset
  }

  /**
   * The leader's log starts within a batch (records were deleted up to there), and this one is empty: it must begin with that batch,
   * for a log holds whole batches only.
   */
  #beginInside(
    log: Log,
    asked: Position,
    answer: FetchedPartition,
    first: number,
    records: Uint8Array,
    slab: Slab,
  ): Promise<Outcome> {
    slab.retain()
    return this.#alone(async () => {
      try {
        await this.#beginAnew(log, first)
        const outcome = await this.#append(log, { ...asked, offset: first, startOffset: first }, records, slab)
        await log.deleteBefore(Math.min(asked.offset, log.endOffset), log.endOffset)
        this.#moveOn(log, answer)
        return outcome
      } finally {
        slab.release()
      }
    })
  }

  /** Nothing else may touch the log meanwhile. A full disk passes; what else goes wrong puts the partition out of use (R9). */
  async #alone(task: () => Promise<Outcome>): Promise<Outcome> {
    assert(!this.#state.isBusy, 'a follower cuts its log twice at a time')
    const { log } = this.#state
    this.#state.isBusy = true
    try {
      return await task()
    } catch (error) {
      // Its topic is deleted: the files are gone.
      if (log === undefined || log.isAbandoned) return stale
      const cause = error instanceof LogError ? error.cause : error
      if (systemCode(cause) !== 'ENOSPC') this.#events.onFault(error)
      return { kind: 'later', reason: messageOf(error) }
    } finally {
      this.#state.isBusy = false
      this.#events.onIdle()
    }
  }
}
