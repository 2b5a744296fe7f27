// Who is alive: everyone whose last heartbeat was received less than a lease ago, on the attended time of attention.ts. The
// holder counts from when it sent that heartbeat, so it always stops first. Pure: times come in, the dead come out.
export class Leases<Key> {
  readonly #leaseMs: number
  readonly #heardMs = new Map<Key, number>()

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  /** A heartbeat was received, or the holder gets the benefit of the doubt until `atMs` plus a lease. Never shortens. */
  heard(key: Key, atMs: number): void {
    const before = this.#heardMs.get(key)
    if (before === undefined || before < atMs) this.#heardMs.set(key, atMs)
  }

  heardMs(key: Key): number | undefined {
    return this.#heardMs.get(key)
  }

  forget(key: Key): void {
    this.#heardMs.delete(key)
  }

  /** Everyone whose lease has run out, in the order of first being heard; they stay until forgotten. */
  over(atMs: number): Key[] {
    const over: Key[] = []
    for (const [key, heardMs] of this.#heardMs) if (atMs - heardMs >= this.#leaseMs) over.push(key)
    return over
  }
}
