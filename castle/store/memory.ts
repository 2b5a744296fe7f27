// A store in memory, for tests and the simulator: what `MemoryDisk` holds outlives the store, as a file outlives a
// process. Its hook stands where a disk would do its work, so that a commit can take time, fail, or be the last thing that
// a dying Castle did.
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { CastleError } from '../errors.ts'
import { epochAfter, StoreRefusal, staleEpoch } from './refusals.ts'
import type { Change, Entry, Lease, Store } from './store.ts'

/** What is durable. */
export class MemoryDisk {
  readonly entries = new Map<string, string>()
  castleEpoch = 0
}

export interface MemoryHooks {
  /** Awaited before a commit is written; a rejection fails it, unwritten. */
  beforeCommit?(changes: readonly Change[]): Promise<void>
  /** Awaited after it was written; a rejection fails it all the same: the caller cannot know. */
  afterCommit?(changes: readonly Change[]): Promise<void>
}

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk
  readonly #hooks: MemoryHooks

  constructor(disk: MemoryDisk = new MemoryDisk(), hooks: MemoryHooks = {}) {
    this.#disk = disk
    this.#hooks = hooks
  }

  async load(): Promise<Entry[]> {
    const entries = [...this.#disk.entries].map(([key, value]) => ({ key, value }))
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async commit(changes: readonly Change[], castleEpoch: number): Promise<void> {
    await this.#hooks.beforeCommit?.(changes)
    if (castleEpoch !== this.#disk.castleEpoch) throw asCastleError(staleEpoch(castleEpoch, this.#disk.castleEpoch))
    for (const { key, value } of changes) {
      if (value === null) this.#disk.entries.delete(key)
      else this.#disk.entries.set(key, value)
    }
    await this.#hooks.afterCommit?.(changes)
  }

  async lease(atLeast: number): Promise<Lease> {
    try {
      this.#disk.castleEpoch = epochAfter(this.#disk.castleEpoch, atLeast, castleEpochMax)
    } catch (error) {
      throw asCastleError(error)
    }
    return { castleEpoch: this.#disk.castleEpoch }
  }

  async close(): Promise<void> {}
}

/** As the core knows it: with what to do next. */
export function asCastleError(error: unknown): unknown {
  return error instanceof StoreRefusal ? new CastleError(error.code, error.message, { cause: error.cause }) : error
}
