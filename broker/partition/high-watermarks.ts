// The high watermarks of replicated partitions, written down now and then: a lower bound that the next process begins with, so that
// reading goes on while too few replicas are in sync to tell a new one (R6). A file that is missing or damaged counts as none.
import type { Disk } from '@castellan/protocol/runtime'
import { kinds } from '../log/files.ts'
import { readStateFile, writeStateFile } from '../log/state-file.ts'

export interface HighWatermarksContent {
  /** Topic id -> [partition, high watermark]. */
  readonly marks: Readonly<Record<string, readonly (readonly [index: number, offset: number])[]>>
}

export interface Mark {
  readonly topicId: string
  readonly index: number
  readonly highWatermark: number
}

export class HighWatermarks {
  readonly #disk: Disk
  readonly #path: string
  /** As written; by topic id and partition. */
  #written = new Map<string, Map<number, number>>()

  /** Throws a LogError for a file of another format. */
  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
    const content = readStateFile<HighWatermarksContent>(disk, path, kinds.highWatermarks)
    for (const [topicId, marks] of Object.entries(content?.marks ?? {})) this.#written.set(topicId, new Map(marks))
  }

  /** As last written; 0: none. */
  get(topicId: string, index: number): number {
    return this.#written.get(topicId)?.get(index) ?? 0
  }

  /** Writes them down when one differs; false: none does. Throws what the disk says. */
  save(marks: Iterable<Mark>): boolean {
    const next = new Map<string, Map<number, number>>()
    let differs = false
    for (const { topicId, index, highWatermark } of marks) {
      if (highWatermark === 0) continue
      const ofTopic = next.get(topicId) ?? new Map<number, number>()
      next.set(topicId, ofTopic.set(index, highWatermark))
      differs ||= this.get(topicId, index) !== highWatermark
    }
    if (!differs) return false
    const content = Object.fromEntries([...next].map(([topicId, ofTopic]) => [topicId, [...ofTopic]]))
    writeStateFile(this.#disk, this.#path, kinds.highWatermarks, { marks: content })
    this.#written = next
    return true
  }
}
