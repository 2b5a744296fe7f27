// Scrubbing by the clock: every closed segment of every log is read and checked once in `log.scrub.interval.ms`, at most
// `log.scrub.bytes.per.second` of them, so that nobody notices. What is damaged puts its partition out of use (R9), as if a reader had
// found it.
import type { Clock, Timer } from '@castellan/protocol/runtime'
import { LogError } from '../log/errors.ts'
import type { Partition } from './partition.ts'

export interface ScrubberSettings {
  readonly logScrubIntervalMs: number
  /** 0: nothing is scrubbed. */
  readonly logScrubBytesPerSecond: number
}

/** A broker that has just started has better things to do. */
const firstAfterMs = 60_000

class Stopped extends Error {}

export class Scrubber {
  readonly #clock: Clock
  readonly #settings: ScrubberSettings
  readonly #partitions: () => Iterable<Partition>
  /** Before then nothing more may be read. */
  #nextReadMs = 0
  #waiting: { readonly timer: Timer; stop(): void } | undefined
  #isStopped = false

  constructor(clock: Clock, settings: ScrubberSettings, partitions: () => Iterable<Partition>) {
    this.#clock = clock
    this.#settings = settings
    this.#partitions = partitions
  }

  start(): void {
    if (this.#settings.logScrubBytesPerSecond > 0) void this.#run()
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting?.timer.cancel()
    this.#waiting?.stop()
  }

  async #run(): Promise<void> {
    try {
      for (let delayMs = firstAfterMs; ; ) {
        await this.#wait(delayMs)
        const beganMs = this.#clock.nowMs()
        for (const partition of [...this.#partitions()]) await this.#scrub(partition)
        delayMs = Math.max(firstAfterMs, this.#settings.logScrubIntervalMs - (this.#clock.nowMs() - beganMs))
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
    }
  }

  async #scrub(partition: Partition): Promise<void> {
    const { fault, log } = partition
    if (fault !== null) return
    try {
      await log?.scrub((bytes) => this.#pace(bytes))
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      // Its files may be those of another log by now.
      if (!log?.isAbandoned) partition.setFault(error)
    }
  }

  async #pace(bytes: number): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const readMs = Math.max(nowMs, this.#nextReadMs)
    this.#nextReadMs = readMs + (bytes / this.#settings.logScrubBytesPerSecond) * 1_000
    if (readMs > nowMs) await this.#wait(readMs - nowMs)
    if (this.#isStopped) throw new Stopped()
  }

  /** Rejects when it is stopped meanwhile. */
  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) return reject(new Stopped())
      this.#waiting = { timer: this.#clock.after(delayMs, resolve), stop: () => reject(new Stopped()) }
    })
  }
}
