// Whether appends are written on the loop or off it. On the loop they are cheaper (one writev a turn and log: no thread, no promise), and
// quicker as long as the disk is well. A disk that is overloaded or sick makes its writers wait, and on the loop everybody waits with them:
// heartbeats, other partitions, fetches from memory. So each write is measured, and appends leave the loop when writes get slow.
//
//            `leaveAt.count` slow writes within `leaveAt.withinMs`, or a very slow one
//   sync ───────────────────────────────────────────────────────────────────────────────► async
//        ◄───────────────────────────────────────────────────────────────────────────────
//            no slow write for `stayMs`, nor one under way that is slow by now; soon slow again: stays twice as long the next time
//
// All logs of a broker are on one disk, so they go together. A write that does not end at all holds up nothing but its broker's own logs,
// and these for ever: then the broker falls silent, and its lease ends its leadership (`isStuck`).
import { type Clock, type Complaints, type Logger, RecentMax } from '@castellan/protocol/runtime'
import type { LogCounters } from './context.ts'
import { Limiter } from './limiter.ts'

export interface WritePathState {
  readonly path: 'sync' | 'async'
  /** Since when, on the monotonic clock. */
  readonly sinceMs: number
  /** When the last slow writes ended, the newest last. */
  readonly slowAtMs: readonly number[]
  /** How long no write may have been slow, to come back. */
  readonly stayMs: number
}

export type WritePathEvent =
  | { readonly kind: 'wrote'; readonly writeMs: number; readonly bytes: number; readonly nowMs: number }
  /** Before a write. `underWayMs`: for how long another one is under way off the loop; null: none. */
  | { readonly kind: 'asked'; readonly underWayMs: number | null; readonly nowMs: number }

/** Much slower than the page cache, whatever else the machine does; a large write may take longer. */
const slow = { ms: 25, bytesPerMs: 200 * 1024 }
/** Brokers heartbeat as often: longer ones make the whole broker late. */
const verySlowMs = 250
const leaveAt = { count: 3, withinMs: 10_000 }
const stay = { minMs: 10_000, maxMs: 160_000 }
/** A write off the loop that has not ended by then may never end. Longer than what a busy disk does to writers now and then. */
const stuckMs = 2_000
/** Who leaves again within this time after coming back came back too early. */
const relapseMs = 60_000

export const initialWritePath: WritePathState = {
  path: 'sync',
  sinceMs: Number.NEGATIVE_INFINITY,
  slowAtMs: [],
  stayMs: stay.minMs,
}

export function isSlowWrite(writeMs: number, bytes: number): boolean {
  return writeMs >= slow.ms + bytes / slow.bytesPerMs
}

/** Pure. The same object: nothing has changed. */
export function step(state: WritePathState, event: WritePathEvent): WritePathState {
  const { nowMs } = event
  if (event.kind === 'asked') return mayComeBack(state, event) ? { ...state, path: 'sync', sinceMs: nowMs } : state
  if (!isSlowWrite(event.writeMs, event.bytes)) return state
  const slowAtMs = [...state.slowAtMs.slice(1 - leaveAt.count), nowMs]
  if (state.path === 'async') return { ...state, slowAtMs }
  const recent = slowAtMs.filter((atMs) => nowMs - atMs < leaveAt.withinMs)
  if (recent.length < leaveAt.count && event.writeMs < verySlowMs) return { ...state, slowAtMs }
  const isRelapse = nowMs - state.sinceMs < relapseMs
  const stayMs = isRelapse ? Math.min(2 * state.stayMs, stay.maxMs) : stay.minMs
  return { path: 'async', sinceMs: nowMs, slowAtMs, stayMs }
}

function mayComeBack(
  { path, slowAtMs, stayMs }: WritePathState,
  { underWayMs, nowMs }: Extract<WritePathEvent, { kind: 'asked' }>,
): boolean {
  if (path === 'sync' || nowMs - (slowAtMs.at(-1) ?? 0) < stayMs) return false
  return underWayMs === null || !isSlowWrite(underWayMs, 0)
}

/** The path that the logs of this broker take now, and the measuring of their writes. */
export class WritePath {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #complaints: Complaints
  readonly #counters: LogCounters
  /** One at a time, as on the loop: the other threads of the pool are for syncs and reads. */
  readonly #oneAtATime = new Limiter(1)
  #state = initialWritePath
  #underWaySinceMs: number | null = null
  readonly #recent = new RecentMax()

  constructor(clock: Clock, log: Logger, complaints: Complaints, counters: LogCounters) {
    this.#clock = clock
    this.#log = log
    this.#complaints = complaints
    this.#counters = counters
  }

  /** Asked before a write: whether it must not hold up the loop. */
  get isAsync(): boolean {
    if (this.#state.path === 'sync') return false
    const nowMs = this.#clock.nowMs()
    const underWayMs = this.#underWaySinceMs === null ? null : nowMs - this.#underWaySinceMs
    this.#apply({ kind: 'asked', underWayMs, nowMs })
    return this.#state.path === 'async'
  }

  /** What `state` was when it was last changed or asked. */
  get state(): WritePathState {
    return this.#state
  }

  /** A write has been under way for so long that nothing can be expected of the disk: others had better lead. */
  get isStuck(): boolean {
    return this.#underWaySinceMs !== null && this.#clock.nowMs() - this.#underWaySinceMs >= stuckMs
  }

  /** The longest write of the last minute, in ms; also one that has not ended yet. */
  get longestOfMinuteMs(): number {
    const nowMs = this.#clock.nowMs()
    return Math.max(this.#recent.largest(nowMs), nowMs - (this.#underWaySinceMs ?? nowMs))
  }

  /** A write to a log that began at `beganMs` has ended. */
  wrote(beganMs: number, bytes: number): void {
    const nowMs = this.#clock.nowMs()
    const writeMs = nowMs - beganMs
    this.#recent.note(writeMs, nowMs)
    const counters = this.#counters
    counters.writes++
    if (writeMs > counters.longestWriteMs) counters.longestWriteMs = writeMs
    if (!isSlowWrite(writeMs, bytes)) return
    counters.slowWrites++
    const fields = { writeMs: Math.round(writeMs), bytes, path: this.#state.path }
    this.#complaints.say('slow write', fields, 'a write to a log was slow: its disk is overloaded or sick')
    this.#apply({ kind: 'wrote', writeMs, bytes, nowMs })
  }

  /** Runs `write` after all others that are off the loop, and measures it. */
  offLoop(bytes: number, write: () => Promise<void>): Promise<void> {
    return this.#oneAtATime.run(async () => {
      const beganMs = this.#clock.nowMs()
      this.#underWaySinceMs = beganMs
      this.#counters.writesOffLoop++
      try {
        await write()
      } finally {
        this.#underWaySinceMs = null
        this.wrote(beganMs, bytes)
      }
    })
  }

  #apply(event: WritePathEvent): void {
    const before = this.#state
    this.#state = step(before, event)
    const { path, stayMs } = this.#state
    if (path === before.path) return
    if (path === 'async') {
      this.#counters.leftLoop++
      this.#log.warn({ stayMs }, 'the disk makes writers wait: appends are written off the loop until it is well again')
    } else {
      const asyncMs = Math.round(event.nowMs - before.sinceMs)
      this.#log.info({ asyncMs }, 'the disk is well again: appends are written on the loop')
    }
  }
}
