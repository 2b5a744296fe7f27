// Where Castle's state outlives its process. Castle keeps all of it in memory and writes through; a store has no
// queries, so that SQLite, Redis and the simulator's memory behave alike (store.cases.ts holds all of them to that).
/** One entity: a key such as `topic/<id>`, and JSON that names its own format. */
export interface Entry {
  readonly key: string
  readonly value: string
}

/** Null removes the key. */
export interface Change {
  readonly key: string
  readonly value: string | null
}

export interface Lease {
  /** Higher than any that this store gave before. */
  readonly castleEpoch: number
  /** The store has less than was once committed to it: it was put back to an older state (R14). Absent: nothing shows that. */
  readonly wentBack?: true
}

export interface Store {
  /** Everything that was committed, by key in ascending order of its UTF-16 units. */
  load(): Promise<Entry[]>
  /**
   * Writes all changes or none; resolves when they are durable, whatever happens to the process or machine (R11).
   * Rejects with STALE_EPOCH when a newer Castle holds the lease: then this one may write nothing any more.
   */
  commit(changes: readonly Change[], castleEpoch: number): Promise<void>
  /**
   * Makes the caller the only one who may write: raises the Castle epoch to `atLeast` or one above the last, whichever is
   * higher. From then on commits under a lower epoch are refused. Rejects with EPOCHS_USED_UP, and changes nothing, when
   * that is more than `castleEpochMax`.
   */
  lease(atLeast: number): Promise<Lease>
  close(): Promise<void>
}
