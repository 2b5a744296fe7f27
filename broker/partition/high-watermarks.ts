// The high watermarks of all partitions that have records, written down now and then: a lower bound that the next process begins with, so that
// reading goes on while too few replicas are in sync to tell a new one (R6); and what a log must have, unless somebody took it away (R9), or
// power was lost since: then the logs have another name than those that the file speaks of (R8). A file that is missing or damaged counts as none.
import type { Disk } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'
import { kinds } from '../log/files.ts'
import { overwriteStateFile, readStateFile, writeStateFile } from '../log/state-file.ts'

export interface HighWatermarksContent {
  /** The name of the logs as they were then; absent: not known. */
  readonly logsId?: string
  /** Topic id -> [partition, high watermark]. */
  readonly marks: Readonly<Record<string, readonly (readonly [index: number, offset: number])[]>>
}

export interface Mark {
  readonly topicId: string
  readonly index: number
  /** 0: none is known, but the log has records. */
  readonly highWatermark: number
}

export class HighWatermarks {
  readonly #disk: Disk
  readonly path: string
  readonly #logsId: string
  /** The name of the logs that what is written speaks of. */
  #writtenOf: string | undefined
  /** As written; by topic id and partition. */
  #written = new Map<string, Map<number, number>>()

  /** Throws a LogError for a file of another format. `logsId`: the name of the logs now. */
  constructor(disk: Disk, path: string, logsId: string) {
    this.#disk = disk
    this.path = path
    this.#logsId = logsId
    const content = readStateFile<HighWatermarksContent>(disk, path, kinds.highWatermarks)
    this.#writtenOf = content?.logsId
    for (const [topicId, marks] of Object.entries(content?.marks ?? {})) this.#written.set(topicId, new Map(marks))
  }

  /** The logs have all that is written down: nothing was lost with the power since. */
  get areOfTheseLogs(): boolean {
    return this.#writtenOf === this.#logsId
  }

  /** As last written; undefined: it had no records, or nobody knows. */
  get(topicId: string, index: number): number | undefined {
    return this.#written.get(topicId)?.get(index)
  }

  get #count(): number {
    return [...this.#written.values()].reduce((sum, ofTopic) => sum + ofTopic.size, 0)
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

  /** Writes down those of all partitions when one differs; false: none does. Throws what the disk says. */
  save(marks: Iterable<Mark>): boolean {
    const known = [...marks]
    const isWritten = ({ topicId, index, highWatermark }: Mark) => this.get(topicId, index) === highWatermark
    const isSame = this.areOfTheseLogs && known.length === this.#count && known.every(isWritten)
    if (isSame || (known.length === 0 && !this.areOfTheseLogs)) return false
    this.#write(byTopic(known), this.#logsId)
    return true
  }

  /**
   * As `save`, before a log is cut: what is written must not say more than there will be, also on a full disk. There they are written over the old
   * content, and a kill in between leaves neither; without room for that, too, the file goes: what is not known is not missed. Throws what the
   * disk says.
   */
  lower(marks: Iterable<Mark>): void {
    const known = [...marks]
    try {
      this.save(known)
      return
    } catch (error) {
      if (systemCode(error) !== 'ENOSPC') throw error
    }
    try {
      this.#write(byTopic(known), this.#logsId, overwriteStateFile)
    } catch (error) {
      if (systemCode(error) !== 'ENOSPC') throw error
      this.#disk.remove(this.path)
      this.#written = new Map()
      this.#writtenOf = undefined
    }
  }

  #write(next: Map<string, Map<number, number>>, logsId: string | undefined, write = writeStateFile): void {
    const marks = Object.fromEntries([...next].map(([topicId, ofTopic]) => [topicId, [...ofTopic]]))
    const content: HighWatermarksContent = { ...(logsId !== undefined && { logsId }), marks }
    write(this.#disk, this.path, kinds.highWatermarks, content)
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
