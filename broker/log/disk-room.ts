// Whether the disk of the logs has room. A broker whose disk is full takes nothing: others had better lead and be in sync, as if it stopped,
// where there are others (R9). So it says so, until something of a useful size can be written again: a few bytes always fit somewhere.
import type { Clock, Disk, Logger, Timer } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'

/** Between probes. Where the disk is full again soon after it had room, it is twice as long the next time: each turn moves leaders. */
const probeAfter = { minMs: 1_000, maxMs: 64_000, relapseMs: 60_000 }
const probe = new Uint8Array(256 * 1024)

export class DiskRoom {
  readonly #clock: Clock
  readonly #disk: Disk
  readonly #log: Logger
  readonly #path: string
  #timer: Timer | undefined
  #listener: () => void = () => {}
  #probeAfterMs = probeAfter.minMs
  #roomSinceMs = Number.NEGATIVE_INFINITY

  /** `folder` is the logs'. */
  constructor(clock: Clock, disk: Disk, log: Logger, folder: string) {
    this.#clock = clock
    this.#disk = disk
    this.#log = log
    this.#path = `${folder}/room`
    // A kill may have left it.
    disk.remove(this.#path)
  }

  get isFull(): boolean {
    return this.#timer !== undefined
  }

  /** Calls `listener` when it becomes full, and when there is room again. */
  onChange(listener: () => void): void {
    this.#listener = listener
  }

  /** A write to a log failed, for whatever reason. */
  noteFailed(error: unknown): void {
    if (systemCode(error) !== 'ENOSPC' || this.isFull) return
    this.#log.warn({ path: this.#path }, 'the disk is full: others are to lead until there is room')
    const isRelapse = this.#clock.nowMs() - this.#roomSinceMs < probeAfter.relapseMs
    this.#probeAfterMs = isRelapse ? Math.min(2 * this.#probeAfterMs, probeAfter.maxMs) : probeAfter.minMs
    this.#wait()
    this.#listener()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wait(): void {
    this.#timer = this.#clock.after(this.#probeAfterMs, () => {
      if (!this.#hasRoom()) return this.#wait()
      this.#timer = undefined
      this.#roomSinceMs = this.#clock.nowMs()
      this.#log.info({ path: this.#path }, 'the disk has room again')
      this.#listener()
    })
  }

  #hasRoom(): boolean {
    try {
      const file = this.#disk.open(this.#path, 'create')
      try {
        file.writev([probe], 0)
        return true
      } finally {
        file.close()
        this.#disk.remove(this.#path)
      }
    } catch {
      // Whatever it is: nothing can be written.
      return false
    }
  }
}
