// The high watermarks of replicated partitions, written down now and then: a lower bound that the next process begins with, so that
// reading goes on while too few replicas are in sync to tell a new one (R6); and what a log must have, unless somebody took it away (R9). A
// file that is missing or damaged counts as none.
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

  *all(): Generator<Mark, void, void> {
    for (const [topicId, marks] of this.#written) {
      for (const [index, highWatermark] of marks) yield { topicId, index, highWatermark }
    }
  }

  /** Before the log goes, in good order: the next process must not miss it. Throws what the disk says. */
  forget(topicId: string, index?: number): void {
    const isKept = (mark: Mark) => mark.topicId !== topicId || (index !== undefined && mark.index !== index)
    const kept = [...this.all()].filter(isKept)
    if (kept.length < [...this.all()].length) this.#write(byTopic(kept))
  }

  /** Writes them down when one differs; false: none does. Throws what the disk says. */
  save(marks: Iterable<Mark>): boolean {
    const known = [...marks].filter(({ highWatermark }) => highWatermark > 0)
    if (known.every(({ topicId, index, highWatermark }) => this.get(topicId, index) === highWatermark)) return false
    this.#write(byTopic(known))
    return true
  }

  #write(next: Map<string, Map<number, number>>): void {
    const content = Object.fromEntries([...next].map(([topicId, ofTopic]) => [topicId, [...ofTopic]]))
    writeStateFile(this.#disk, this.#path, kinds.highWatermarks, { marks: content })
    this.#written = next
  }
}

function byTopic(marks: Iterable<Mark>): Map<string, Map<number, number>> {
  const grouped = new Map<string, Map<number, number>>()
  for (const { topicId, index, highWatermark } of marks) {
    const ofTopic = grouped.get(topicId) ?? new Map<number, number>()
    grouped.set(topicId, ofTopic.set(index, highWatermark))
  }
  return grouped
}
