// How Castle is, as this tab knows it: from the beats of the live stream and from each call. Pure state, and one of it per tab.
//
//   connecting --beat--> live --5 s without a beat--> polling;  connecting --5 s of answers without a beat--> polling
//   any --a call nobody answers--> away --any word--> polling or live

/** A live stream that says nothing for this long is not live; Castle beats each second. */
export const silentMs = 5_000

export type ConnectionState =
  | { readonly kind: 'connecting' }
  /** `heardMs`: the last beat. */
  | { readonly kind: 'live'; readonly heardMs: number }
  /** The stream is silent, calls are answered; `heardMs`: the last answer. */
  | { readonly kind: 'polling'; readonly heardMs: number }
  /** `sinceMs`: the first call that nobody answered after the last word. */
  | { readonly kind: 'away'; readonly sinceMs: number }

export class Connection {
  readonly #nowMs: () => number
  readonly #listeners = new Set<() => void>()
  #beatMs = 0
  #heardMs = 0
  #firstHeardMs: number | undefined
  #awaySinceMs: number | undefined
  #state: ConnectionState = { kind: 'connecting' }

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** A beat, or any other word of the stream. */
  beat(): void {
    this.#beatMs = this.#nowMs()
    this.heard()
  }

  /** An answer to a call, whatever it said. */
  heard(): void {
    this.#heardMs = this.#nowMs()
    this.#firstHeardMs ??= this.#heardMs
    this.#awaySinceMs = undefined
    this.review()
  }

  /** A call that nobody answered. */
  missed(): void {
    this.#awaySinceMs ??= this.#nowMs()
    this.review()
  }

  /** To be called each second: silence makes no event of its own. */
  review(): void {
    const next = this.#judge()
    if (same(next, this.#state)) return
    this.#state = next
    for (const listener of this.#listeners) listener()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #judge(): ConnectionState {
    if (this.#awaySinceMs !== undefined) return { kind: 'away', sinceMs: this.#awaySinceMs }
    if (this.#beatMs > 0 && this.#nowMs() - this.#beatMs < silentMs) return { kind: 'live', heardMs: this.#beatMs }
    // The first beat comes a moment after the first answer: that is no silence yet.
    const isNew = this.#beatMs === 0 && this.#nowMs() - (this.#firstHeardMs ?? this.#nowMs()) < silentMs
    return isNew ? { kind: 'connecting' } : { kind: 'polling', heardMs: this.#heardMs }
  }
}

function same(one: ConnectionState, other: ConnectionState): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

export const connection = new Connection(() => Date.now())
