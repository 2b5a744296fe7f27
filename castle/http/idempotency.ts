// "The same request twice is one": whoever sends an Idempotency-Key gets the first answer again for ten minutes, also while the
// first is still under way (a double click), and another request under the same key is refused.
//
// In memory and bounded: beyond the bounds the oldest answers are forgotten early, and a Castle that was started anew knows
// none. So a key saves from doing twice what was just done; a plan's version (If-Match) is what saves from doing it later.
import { createHash } from 'node:crypto'
import type { Clock } from '@castellan/protocol/runtime'
import { CastleError } from '../errors.ts'

export interface KeptAnswer {
  readonly status: number
  /** JSON, or a problem document; empty: no body. */
  readonly text: string
}

interface Entry {
  readonly fingerprint: string
  readonly untilMs: number
  readonly answer: Promise<KeptAnswer>
  /** 0 while it is under way. */
  bytes: number
}

const lifeMs = 10 * 60_000
const defaults = { answersMax: 10_000, bytesMax: 16 * 1024 * 1024 }

export class Idempotency {
  readonly #clock: Clock
  readonly #limits: typeof defaults
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(clock: Clock, limits: Partial<typeof defaults> = {}) {
    this.#clock = clock
    this.#limits = { ...defaults, ...limits }
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * The answer of `perform`, or the one that this key got before. `parts` are what makes a request the same. What `perform`
   * rejects with was not decided (Castle failed, brokers were silent): it is not kept, and may be tried again.
   * Rejects with IDEMPOTENCY_KEY_REUSED, or BUSY when too much is under way.
   */
  answer(key: string, parts: readonly string[], perform: () => Promise<KeptAnswer>): Promise<KeptAnswer> {
    const fingerprint = createHash('sha256').update(JSON.stringify(parts)).digest('base64')
    this.#makeRoom(1)
    const known = this.#entries.get(key)
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return known.answer
      const message = `the Idempotency-Key '${key}' was sent with another request`
      return Promise.reject(new CastleError('IDEMPOTENCY_KEY_REUSED', message, { params: { key } }))
    }
    if (this.#entries.size >= this.#limits.answersMax) {
      const message = `${this.#entries.size} requests with an Idempotency-Key are under way`
      return Promise.reject(new CastleError('BUSY', message, { params: { requests: this.#entries.size } }))
    }
    return this.#keep(key, fingerprint, perform())
  }

  #keep(key: string, fingerprint: string, answer: Promise<KeptAnswer>): Promise<KeptAnswer> {
    const entry: Entry = { fingerprint, untilMs: this.#clock.nowMs() + lifeMs, answer, bytes: 0 }
    this.#entries.set(key, entry)
    answer.then(
      ({ text }) => {
        entry.bytes = text.length + key.length + 200
        this.#bytes += entry.bytes
        this.#makeRoom(0)
      },
      () => this.#entries.delete(key), // whoever asked hears of the error
    )
    return answer
  }

  /** Forgets what is over, and of the rest the oldest answers that are more than may be kept. */
  #makeRoom(coming: 0 | 1): void {
    const nowMs = this.#clock.nowMs()
    for (const [key, { untilMs, bytes }] of this.#entries) {
      const isFull = this.#entries.size + coming > this.#limits.answersMax || this.#bytes > this.#limits.bytesMax
      if (untilMs > nowMs && !isFull) return
      if (bytes === 0) continue
      this.#entries.delete(key)
      this.#bytes -= bytes
    }
  }
}
