// Hints for people's pages: which of the things that somebody looks at changed. The thing itself is fetched by GET; a hint that is
// lost costs freshness and nothing else.
//
// Only what is watched is remembered. Whoever begins to watch gets a version that never was before, so a page that comes back
// after its stream broke always finds it changed, and asks anew.
import { versionOf } from '@castellan/protocol/heartbeat'
import type { Clock, Timer } from '@castellan/protocol/runtime'

export type OnChange = (subject: string, version: number) => void

/** At most one hint in so long for each subject: a flood of changes is one of them. */
const everyMs = 200

interface Watched {
  readonly watchers: Set<OnChange>
  version: number
  /** Of the last hint, on the monotonic clock. */
  toldMs: number
}

export class Hub {
  readonly #clock: Clock
  readonly #castleEpoch: () => number
  readonly #watched = new Map<string, Watched>()
  readonly #changed = new Set<string>()
  #timer: Timer | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #changes = 0

  constructor(clock: Clock, castleEpoch: () => number) {
    this.#clock = clock
    this.#castleEpoch = castleEpoch
  }

  /** Whether anybody watches: else there is no need to name what changed. */
  get isWatched(): boolean {
    return this.#watched.size > 0
  }

  watches(subject: string): boolean {
    return this.#watched.has(subject)
  }

  /** The subject's present version; `onChange` is called with each later one. Returns it and how to end. */
  watch(subject: string, onChange: OnChange): { version: number; end: () => void } {
    let watched = this.#watched.get(subject)
    if (watched === undefined) {
      watched = { watchers: new Set(), version: this.#nextVersion(), toldMs: Number.NEGATIVE_INFINITY }
      this.#watched.set(subject, watched)
    }
    const { watchers, version } = watched
    watchers.add(onChange)
    return {
      version,
      end: () => {
        watchers.delete(onChange)
        if (watchers.size > 0) return
        this.#watched.delete(subject)
        this.#changed.delete(subject)
      },
    }
  }

  /** Something about the subject changed. */
  touch(subject: string): void {
    const watched = this.#watched.get(subject)
    if (watched === undefined) return
    watched.version = this.#nextVersion()
    this.#changed.add(subject)
    this.#tellLater(Math.max(this.#clock.nowMs(), watched.toldMs + everyMs))
  }

  close(): void {
    this.#timer?.cancel()
    this.#watched.clear()
  }

  #tellLater(atMs: number): void {
    if (atMs >= this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = atMs
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#tell()
    })
  }

  #tell(): void {
    const nowMs = this.#clock.nowMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const subject of [...this.#changed]) {
      const watched = this.#watched.get(subject)
      if (watched === undefined) continue
      const dueMs = watched.toldMs + everyMs
      if (dueMs > nowMs) {
        nextMs = Math.min(nextMs, dueMs)
        continue
      }
      this.#changed.delete(subject)
      watched.toldMs = nowMs
      for (const onChange of [...watched.watchers]) onChange(subject, watched.version)
    }
    if (this.#changed.size > 0) this.#tellLater(nextMs)
  }

  #nextVersion(): number {
    this.#changes += 1
    return versionOf(this.#castleEpoch(), this.#changes)
  }
}
