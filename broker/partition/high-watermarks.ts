// The high watermarks of replicated partitions, written down now and then: a lower bound that the next process begins with, so that
// reading goes on while too few replicas are in sync to tell a new one (R6); and what a log must have, unless somebody took it away (R9), or
// power was lost since: then the logs have another name than those that the file speaks of (R8). A file that is missing or damaged counts as none.
import type { Disk } from '@castellan/protocol/runtime'
import { kinds } from '../log/files.ts'
import { readStateFile, writeStateFile } from '../log/state-file.ts'

export interface HighWatermarksContent {
  /** The name of the logs as they were then; absent: not known. */
  readonly logsId?: string
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
  readonly #logsId: string
  /** The name of the logs that what is written speaks of. */
  #writtenOf: string | undefined
  /** As written; by topic id and partition. */
  #written = new Map<string, Map<number, number>>()

  /** Throws a LogError for a file of another format. `logsId`: the name of the logs now. */
  constructor(disk: Disk, path: string, logsId: string) {
    this.#disk = disk
    this.#path = path
    this.#logsId = logsId
    const content = readStateFile<HighWatermarksContent>(disk, path, kinds.highWatermarks)
    this.#writtenOf = content?.logsId
    for (const [topicId, marks] of Object.entries(content?.marks ?? {})) this.#written.set(topicId, new Map(marks))
  }

  /** The logs have all that is written down: nothing was lost with the power since. */
  get areOfTheseLogs(): boolean {
    return this.#writtenOf === this.#logsId
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
    if (kept.length < [...this.all()].length) this.#write(byTopic(kept), this.#writtenOf)
  }

  /** Writes them down when one differs; false: none does. Throws what the disk says. */
  save(marks: Iterable<Mark>): boolean {
    const known = [...marks].filter(({ highWatermark }) => highWatermark > 0)
    const isWritten = ({ topicId, index, highWatermark }: Mark) => this.get(topicId, index) === highWatermark
    if (known.every(isWritten) && (this.areOfTheseLogs || known.length === 0)) return false
    this.#write(byTopic(known), this.#logsId)
    return true
  }

  #write(next: Map<string, Map<number, number>>, logsId: string | undefined): void {
    const marks = Object.fromEntries([...next].map(([topicId, ofTopic]) => [topicId, [...ofTopic]]))
    const content: HighWatermarksContent = { ...(logsId !== undefined && { logsId }), marks }
    writeStateFile(this.#disk, this.#path, kinds.highWatermarks, content)
    this.#written = next
    this.#writtenOf = logsId
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
