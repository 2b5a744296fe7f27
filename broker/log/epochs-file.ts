// The file of a log's leader epochs, written whenever one began, so that the next process knows them also when no batch was written (R5).
import { LogError } from './errors.ts'
import { kinds } from './files.ts'
import type { LogState } from './state.ts'
import { replaceOrRemove, writeStateFile } from './state-file.ts'

export class EpochsFile {
  readonly #log: LogState
  readonly #path: string
  readonly #onRefused: () => void
  /** The file is older than the epochs are. */
  #isBehind = false

  /** `onRefused`: the disk did not take it; a checkpoint says it as well, and had better be made. */
  constructor(log: LogState, onRefused: () => void) {
    this.#log = log
    this.#path = `${log.folder}/epochs`
    this.#onRefused = onRefused
  }

  noteChanged(): void {
    this.#isBehind = true
  }

  save(): void {
    const { context, epochs, folder, isAbandoned } = this.#log
    if (isAbandoned || !this.#isBehind) return
    try {
      writeStateFile(context.disk, this.#path, kinds.epochs, epochs.content)
      this.#isBehind = false
    } catch (error) {
      // Batches and checkpoints say it as well.
      context.complaints.say('epochs', { folder, error }, 'cannot write the epoch history')
      this.#onRefused()
    }
  }

  /** What was cut must not come back: the next records there may be of a lower epoch, and recovery would call them damaged. Rejects with a LogError. */
  async replace(): Promise<void> {
    const { context, epochs } = this.#log
    this.#isBehind = false
    try {
      // One that is missing is made again from the batches, and says nothing wrong until then.
      if (!(await replaceOrRemove(context.disk, this.#path, kinds.epochs, epochs.content))) this.#isBehind = true
    } catch (error) {
      throw new LogError('LOG_DISK', `${this.#path} cannot be written: ${error}`, error)
    }
  }
}
