// What a broker does to its logs by the clock: checkpoints of what was written, retention, scrubbing, forgetting silent producers.
import type { Clock, Timer } from '@castellan/protocol/runtime'
import { Limiter } from '../log/limiter.ts'
import type { PartitionsSettings } from './options.ts'
import type { Partition } from './partition.ts'
import { Scrubber } from './scrubber.ts'

const day = 86_400_000
const MiB = 1024 * 1024

/** What was written is synced and checkpointed so long after (or after the topic's flush.ms): it bounds what recovery reads. */
const checkpointAfterMs = 60_000
const checkpointCheckMs = 1_000
/** High watermarks are written so soon after they moved; with thousands of partitions a hundredth of the time goes into it at most. */
const highWatermarksAfterMs = { min: 250, max: 5_000 }
const highWatermarksShare = 0.01
/** What the disk refused is tried again: a full one may have room at any moment, and until then a replica is missing. */
const retryAfterMs = 2_000
/** Checkpoints under way at a time: each holds a copy of its log's state. */
const checkpointsMax = 4

export interface UpkeepHost {
  partitions(): Iterable<Partition>
  /** Tries again what the disk refused before. */
  retry(): void
  /** False: they are as they were. */
  saveHighWatermarks(): boolean
}

export class Upkeep {
  readonly #clock: Clock
  readonly #settings: PartitionsSettings
  readonly #host: UpkeepHost
  /** Since when (monotonic) a partition has something that no checkpoint has. */
  readonly #written = new Map<Partition, number>()
  readonly #limiter = new Limiter(checkpointsMax)
  /** Of topics with flush.ms: one for each partition that has something to sync. */
  readonly #syncTimers = new Map<Partition, Timer>()
  readonly #scrubber: Scrubber
  #timers: Timer[] = []
  #checkpointTimer: Timer | undefined
  #marksTimer: Timer | undefined
  #retryTimer: Timer | undefined
  #marksTookMs = 0
  #isStopped = false

  constructor(clock: Clock, settings: PartitionsSettings, host: UpkeepHost) {
    this.#clock = clock
    this.#settings = settings
    this.#host = host
    const { logScrubIntervalMs = 7 * day, logScrubBytesPerSecond = 8 * MiB } = settings
    this.#scrubber = new Scrubber(clock, { logScrubIntervalMs, logScrubBytesPerSecond }, () => host.partitions())
  }

  start(): void {
    this.#every(this.#settings.logRetentionCheckIntervalMs, () => this.#clean())
    this.#scrubber.start()
    this.#every(this.#settings.producerIdExpirationCheckIntervalMs, () => this.#expireProducers())
  }

  stop(): void {
    this.#isStopped = true
    this.#scrubber.stop()
    for (const timer of this.#timers) timer.cancel()
    for (const timer of this.#syncTimers.values()) timer.cancel()
    this.#checkpointTimer?.cancel()
    this.#marksTimer?.cancel()
    this.#retryTimer?.cancel()
  }

  /** The disk refused something that must be done in the end. */
  noteRefused(): void {
    if (this.#isStopped) return
    this.#retryTimer ??= this.#clock.after(retryAfterMs, () => {
      this.#retryTimer = undefined
      this.#host.retry()
    })
  }

  noteWritten(partition: Partition): void {
    this.noteMarks()
    this.#syncInTime(partition)
    if (this.#isStopped || this.#written.has(partition)) return
    this.#written.set(partition, this.#clock.nowMs())
    this.#checkpointTimer ??= this.#clock.after(checkpointCheckMs, () => this.#checkpoint())
  }

  /** flush.ms counts from the first write that is not synced; the checkpoint follows when it is looked for next. */
  #syncInTime(partition: Partition): void {
    const { flushMs } = partition.settings
    if (this.#isStopped || flushMs >= checkpointAfterMs || this.#syncTimers.has(partition)) return
    const sync = () => {
      this.#syncTimers.delete(partition)
      if (partition.fault === null) void partition.log?.sync()
    }
    this.#syncTimers.set(partition, this.#clock.after(flushMs, sync))
  }

  /** High watermarks have moved, or are about to: they are written down as long as they do. */
  noteMarks(): void {
    if (this.#isStopped) return
    const { min, max } = highWatermarksAfterMs
    const afterMs = Math.min(max, Math.max(min, this.#marksTookMs / highWatermarksShare))
    this.#marksTimer ??= this.#clock.after(afterMs, () => this.#saveMarks())
  }

  #saveMarks(): void {
    this.#marksTimer = undefined
    const beganMs = this.#clock.nowMs()
    const haveMoved = this.#host.saveHighWatermarks()
    this.#marksTookMs = this.#clock.nowMs() - beganMs
    if (haveMoved) this.noteMarks()
  }

  #checkpoint(): void {
    const nowMs = this.#clock.nowMs()
    for (const [partition, sinceMs] of this.#written) {
      if (nowMs - sinceMs < Math.min(checkpointAfterMs, partition.settings.flushMs)) continue
      this.#written.delete(partition)
      void this.#limiter.run(() => this.#checkpointOne(partition))
    }
    const goesOn = this.#written.size > 0 && !this.#isStopped
    this.#checkpointTimer = goesOn ? this.#clock.after(checkpointCheckMs, () => this.#checkpoint()) : undefined
  }

  async #checkpointOne(partition: Partition): Promise<void> {
    const { log } = partition
    if (this.#isStopped || partition.fault !== null || log === undefined) return
    await log.checkpoint()
    if (log.needsCheckpoint) this.noteWritten(partition)
  }

  /** One after another: deleting files takes its time, and nobody waits for it. */
  async #clean(): Promise<void> {
    for (const partition of [...this.#host.partitions()]) {
      if (this.#isStopped) return
      await partition.clean()
    }
  }

  async #expireProducers(): Promise<void> {
    for (const partition of this.#host.partitions()) partition.expireProducers()
  }

  #every(intervalMs: number, task: () => Promise<void>): void {
    const slot = this.#timers.length
    const again = async () => {
      await task()
      if (!this.#isStopped) this.#timers[slot] = this.#clock.after(intervalMs, again)
    }
    this.#timers[slot] = this.#clock.after(intervalMs, again)
  }
}
