// The batches of one partition, in the order sent: who may go next, with which sequence, and what becomes of one that came
// back. Pure. This is where R4 is kept: never out of order, never twice, never a silent gap.
//
//   append ──> waiting ──take──> in flight ──done──> gone
//                 ▲                  │
//                 └──── returned ────┘        (its place in the order is kept)
//
// - A batch keeps producer id, epoch and sequence once it has left: a repeat is recognised by the leader.
// - After a batch came back, nothing leaves until everything else in flight has come back too: then the order is sure.
// - A leader that says OUT_OF_ORDER_SEQUENCE to the first batch of the line misses what came before it (lost at Ack 1, or
//   a batch that was given up). It surely has not written this one. Then the line starts anew: next epoch, sequence 0 (KIP-360).
//   To any other batch it only says that an earlier one came back.

export interface Identity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface LineBatch {
  readonly recordCount: number
  /** Its place in the line; given by the line. */
  order: number
  /** Null: has not left yet, or leaves without (not idempotent). */
  identity: Identity | null
  sequence: number
}

/** Where a line gets its identity from, and the next one when it must start anew. */
export interface IdentitySource {
  /** Undefined: there is none yet; the line waits. */
  current(): Identity | undefined
  /** One that follows `identity` for the same partition. Undefined: there is none yet. */
  after(identity: Identity): Identity | undefined
}

/** Sequences are 32-bit and start again at 0 after the highest. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % 2 ** 31
}

export class Line<B extends LineBatch> {
  readonly #waiting: B[] = []
  readonly #inFlight: B[] = []
  #identity: Identity | null = null
  #nextSequence = 0
  #nextOrder = 0
  /** Something came back while other batches were in flight. */
  #settling = false
  /** The leader misses something before the first batch. */
  #broken = false

  get waiting(): readonly B[] {
    return this.#waiting
  }

  get inFlight(): readonly B[] {
    return this.#inFlight
  }

  /** A new batch, at the end. */
  append(batch: B): void {
    batch.order = this.#nextOrder++
    this.#waiting.push(batch)
  }

  /** Whether something could leave now. */
  get ready(): boolean {
    return this.#waiting.length > 0 && !(this.#settling && this.#inFlight.length > 0)
  }

  /**
   * The next batch, which is now in flight, with its sequence when `identities` is given. Undefined: none, or it must wait for
   * what is in flight or for an identity.
   */
  take(identities: IdentitySource | null): B | undefined {
    if (!this.ready) return undefined
    const batch = this.#waiting[0]!
    if (batch.identity !== null || identities !== null) {
      if (!this.#number(batch, identities)) return undefined
    }
    this.#waiting.shift()
    this.#inFlight.push(batch)
    return batch
  }

  /** It was written. */
  done(batch: B): void {
    this.#leave(batch)
  }

  /** It came back and is to be sent again. */
  returned(batch: B): void {
    this.#leave(batch)
    const place = this.#waiting.findIndex(({ order }) => order > batch.order)
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, batch)
    this.#settling = this.#inFlight.length > 0
  }

  /** The leader says OUT_OF_ORDER_SEQUENCE. True: the line starts anew, something is missing before it. */
  outOfOrder(batch: B): boolean {
    const first = this.isFirst(batch)
    this.returned(batch)
    if (first) this.#broken = true
    return first
  }

  /** The leader knows a later identity than this one: start anew. */
  fenced(batch: B): void {
    this.returned(batch)
    this.#broken = true
  }

  /**
   * It is given up. `written`: whether the leader may have it. When it surely has not and nothing later has left, its numbers
   * are used again; else the next batch finds out by OUT_OF_ORDER_SEQUENCE whether there is a gap.
   */
  dropped(batch: B, written: 'no' | 'unknown'): void {
    this.#leave(batch)
    const place = this.#waiting.indexOf(batch)
    if (place >= 0) this.#waiting.splice(place, 1)
    const laterLeft = this.#all().some(({ order, identity }) => order > batch.order && identity !== null)
    if (written === 'no' && batch.identity === this.#identity && batch.identity !== null && !laterLeft) {
      this.#nextSequence = batch.sequence
    }
  }

  /** The parts of a batch that was too large, in its place; together they have its sequences. */
  split(batch: B, parts: readonly B[]): void {
    this.returned(batch)
    const later = this.#all().reduce(
      (least, { order }) => (order > batch.order ? Math.min(least, order) : least),
      this.#nextOrder,
    )
    let sequence = batch.sequence
    for (const [index, part] of parts.entries()) {
      part.order = batch.order + ((later - batch.order) * index) / parts.length
      part.identity = batch.identity
      part.sequence = sequence
      sequence = sequenceAfter(sequence, part.recordCount)
    }
    this.#waiting.splice(this.#waiting.indexOf(batch), 1, ...parts)
  }

  /** Nothing before it is under way. */
  isFirst(batch: B): boolean {
    return !this.#all().some((other) => other !== batch && other.order < batch.order)
  }

  #all(): B[] {
    return [...this.#inFlight, ...this.#waiting]
  }

  #leave(batch: B): void {
    const place = this.#inFlight.indexOf(batch)
    if (place >= 0) this.#inFlight.splice(place, 1)
    if (this.#inFlight.length === 0) this.#settling = false
  }

  #number(batch: B, identities: IdentitySource | null): boolean {
    if (this.#broken) {
      if (identities === null) return false
      const next = this.#identity === null ? identities.current() : identities.after(this.#identity)
      if (next === undefined) return false
      this.#startAnew(next)
    }
    if (batch.identity !== null) return true
    this.#identity ??= identities?.current() ?? null
    if (this.#identity === null) return false
    batch.identity = this.#identity
    batch.sequence = this.#nextSequence
    this.#nextSequence = sequenceAfter(batch.sequence, batch.recordCount)
    return true
  }

  #startAnew(identity: Identity): void {
    this.#identity = identity
    this.#nextSequence = 0
    this.#broken = false
    for (const batch of this.#waiting) {
      batch.identity = null
      batch.sequence = -1
    }
  }
}
