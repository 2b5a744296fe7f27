// Folders whose names changed (files made, renamed, removed) and are not durable yet. Shared, for logs share parents: what one has
// synced the others need not.
import type { Disk } from '@castellan/protocol/runtime'
import type { Limiter } from './limiter.ts'

export class FolderSyncs {
  readonly #disk: Disk
  readonly #limiter: Limiter
  readonly #changed = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(disk: Disk, limiter: Limiter) {
    this.#disk = disk
    this.#limiter = limiter
  }

  note(folder: string): void {
    this.#changed.add(folder)
  }

  /** Resolves when all changes in these folders so far are durable. Rejects with what the disk says; they count as changed then. */
  async sync(folders: Iterable<string>): Promise<void> {
    for (const folder of folders) {
      // One that is under way may have begun before the last change.
      await this.#running.get(folder)
      if (this.#changed.has(folder)) await this.#begin(folder)
      else await this.#running.get(folder)
    }
  }

  #begin(folder: string): Promise<void> {
    this.#changed.delete(folder)
    const sync = this.#syncOne(folder)
    this.#running.set(folder, sync)
    return sync
  }

  async #syncOne(folder: string): Promise<void> {
    try {
      await this.#limiter.run(() => this.#disk.syncFolder(folder))
    } catch (error) {
      this.#changed.add(folder)
      throw error
    } finally {
      this.#running.delete(folder)
    }
  }
}
