// Deleting the oldest records of a log: its start offset rises, and segments wholly below it go.
import type { Appender } from './appender.ts'
import type { LogSettings } from './context.ts'
import type { EpochsFile } from './epochs-file.ts'
import type { Keeper } from './keeper.ts'
import { expiredSegments } from './retention.ts'
import type { LogState } from './state.ts'

type Retention = Pick<LogSettings, 'retentionMs' | 'retentionBytes'>

export class Deletion {
  readonly #log: LogState
  readonly #keeper: Keeper
  readonly #appender: Appender
  readonly #epochsFile: EpochsFile

  constructor(log: LogState, keeper: Keeper, appender: Appender, epochsFile: EpochsFile) {
    this.#log = log
    this.#keeper = keeper
    this.#appender = appender
    this.#epochsFile = epochsFile
  }

  /** Segments whose time is over, or that are too many, and that end at or below `limitOffset`. Rejects with what the disk says. */
  async deleteOldest(limitOffset: number, { retentionMs, retentionBytes }: Retention): Promise<void> {
    const { segments, startOffset, context } = this.#log
    const limits = { retentionMs, retentionBytes, startOffset, limitOffset }
    const count = expiredSegments(segments, limits, context.clock.wallMs())
    if (count === 0) return
    // The last one cannot go while it is appended to.
    if (count === segments.length && !this.#tryRoll()) return
    this.#raiseStart(Math.max(startOffset, segments[count]!.baseOffset))
    await this.#keeper.deleteOldest(count)
  }

  /** Everything below `offset`. Rejects with what the disk says. */
  async deleteBefore(offset: number, limitOffset: number): Promise<void> {
    this.#raiseStart(offset)
    this.#keeper.noteChanged()
    await this.deleteOldest(limitOffset, { retentionMs: Infinity, retentionBytes: Infinity })
  }

  #raiseStart(offset: number): void {
    this.#log.startOffset = offset
    this.#log.epochs.truncateStart(offset)
    this.#epochsFile.noteChanged()
  }

  #tryRoll(): boolean {
    // Another time: its last segment is being written to.
    if (this.#log.writing !== null) return false
    try {
      this.#appender.roll()
      return true
    } catch (error) {
      this.#log.context.log.warn({ folder: this.#log.folder, error }, 'cannot begin a new segment')
      return false
    }
  }
}
