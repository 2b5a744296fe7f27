// Writing down what a log is: syncs, checkpoints, and the deletion of old segments. Off the loop but for small files.
//
// When data is synced: at segment roll, at a clean shutdown, a minute after it was written (`checkpoint` is called for
// that), and before it is acknowledged where the topic has flush.messages=1. R1 rests on replicas and their page caches, not
// on syncs: these bound what a power loss takes and what recovery has to read.
//
// A checkpoint is written after the sync of what it vouches for. Tasks of one log run one after another.
import assert from 'node:assert/strict'
import { systemCode } from '../errors.ts'
import { Breather } from './breather.ts'
import { LogError } from './errors.ts'
import { type CheckpointContent, kinds } from './files.ts'
import { Limiter } from './limiter.ts'
import { type ProducersSnapshot, snapshotText } from './producers.ts'
import { offsetName, offsetOf, type Segment } from './segment.ts'
import { activeSegment, type LogState } from './state.ts'
import { replaceOrRemove, writeStateFile, writeStateText } from './state-file.ts'

/** Snapshots of producers that stay, beside the newest one: for truncation. */
const olderSnapshotsKept = 1

export class Keeper {
  readonly #log: LogState
  /** Writes what is staged, or begins to, so that state in memory and on disk are of one offset. */
  readonly #flush: () => void
  readonly #tasks = new Limiter(1)
  /** Segments with bytes that were not synced. */
  readonly #unsynced = new Set<Segment>()
  /** Closed segments whose index is not on disk. */
  readonly #unindexed: Segment[] = []
  /** Deleted segments whose files are still there: they go when no checkpoint names them any more. */
  #gone: Segment[] = []
  /** Folders in which files were made or renamed since the last sync. */
  readonly #changedFolders = new Set<string>()
  #changed: boolean
  #syncing: Promise<void> = Promise.resolve()
  #nextSync: Promise<void> | undefined

  constructor(log: LogState, flush: () => void, changed: boolean) {
    this.#log = log
    this.#flush = flush
    this.#changed = changed
    if (changed)
      for (const segment of log.segments) if (segment.endOffset > log.syncedOffset) this.#unsynced.add(segment)
    this.#unindexed.push(
      ...log.segments.filter((segment) => segment !== activeSegment(log) && segment.index !== undefined),
    )
  }

  /** Something is not in the checkpoint. */
  get isChanged(): boolean {
    return this.#changed
  }

  noteWritten(segment: Segment): void {
    this.#unsynced.add(segment)
    this.#changed = true
  }

  noteClosed(segment: Segment): void {
    this.#unindexed.push(segment)
    this.noteFolder(segment.folder)
  }

  noteFolder(folder: string): void {
    this.#changedFolders.add(folder)
    this.#log.context.folders.note(folder)
    this.#changed = true
  }

  noteChanged(): void {
    this.#changed = true
  }

  /** Runs `task` after all others of this log. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#tasks.run(task)
  }

  /**
   * Resolves when everything written before the call is durable. Calls that come while a sync runs share the next one (group
   * commit). Rejects with LOG_DISK, after which the log is not to be trusted: the system may have dropped what it could not write.
   */
  sync(): Promise<void> {
    if (this.#nextSync !== undefined) return this.#nextSync
    const next = this.#syncing.then(() => {
      this.#nextSync = undefined
      this.#syncing = this.#syncNow()
      return this.#syncing
    })
    this.#nextSync = next
    return next
  }

  async #syncNow(): Promise<void> {
    const { context } = this.#log
    const { endOffset } = this.#log
    const segments = [...this.#unsynced]
    const folders = [...this.#changedFolders]
    this.#unsynced.clear()
    this.#changedFolders.clear()
    try {
      for (const segment of segments) {
        if (!segment.deleted) await context.syncs.run(() => context.files.during(segment.path, (file) => file.sync()))
      }
      await context.folders.sync(folders)
    } catch (error) {
      throw new LogError('LOG_DISK', `${this.#log.folder} cannot be synced: ${systemCode(error) ?? error}`, error)
    }
    context.counters.syncs += segments.length
    this.#log.syncedOffset = Math.max(this.#log.syncedOffset, Math.min(endOffset, this.#log.endOffset))
  }

  /** Syncs, and writes down what recovery can start from. Rejects with LOG_DISK when the sync failed. */
  checkpoint(): Promise<void> {
    return this.alone(async () => {
      if (this.#changed) await this.#write(false)
    })
  }

  /** Deletes the oldest `count` segments: at once for readers, then from the checkpoint, then from the disk. */
  deleteOldest(count: number): Promise<void> {
    const gone = this.#log.segments.splice(0, count)
    for (const segment of gone) segment.deleted = true
    this.#gone.push(...gone)
    return this.alone(async () => void (await this.#write(true)))
  }

  /** Within `alone`: after a truncation the old checkpoint promises too much. */
  async rewrite(): Promise<void> {
    if (!(await this.#write(true))) throw new LogError('LOG_DISK', `${this.#log.folder}: no checkpoint can be written`)
  }

  /** False: not now, but the log is well: recovery would have more to read, that is all. */
  async #write(durable: boolean): Promise<boolean> {
    const log = this.#log
    this.#flush()
    while (log.writing !== null) {
      await log.writing
      if (log.isAbandoned) return false
      this.#flush()
    }
    assert(log.nextOffset === log.endOffset, 'a checkpoint of producers whose batches are not written')
    this.#changed = false
    const checkpoint = checkpointOf(log)
    const producers = log.producers.snapshot(log.endOffset)
    try {
      await this.sync()
      // Its folder may be that of another log by now: the replica left and came back, or was damaged and is made anew.
      if (log.isAbandoned) return false
      const isComplete = await this.#writeBeside(producers)
      if (log.isAbandoned) return false
      // What is deleted must leave the checkpoint even when there is no room for anything else.
      if (isComplete || durable) await this.#writeCheckpoint(checkpoint, durable)
      if (durable) await this.#removeGone(checkpoint)
      this.#changed ||= !isComplete
      return isComplete || durable
    } catch (error) {
      this.#changed = true
      if (error instanceof LogError) throw error
      this.#warn(error)
      return false
    }
  }

  #warn(error: unknown): void {
    const { context, folder, isAbandoned } = this.#log
    if (!isAbandoned) context.log.warn({ folder, error }, 'cannot write a checkpoint; it is tried again')
  }

  /** The files that a checkpoint goes with. False: not now. */
  async #writeBeside(producers: ProducersSnapshot): Promise<boolean> {
    try {
      this.#writeIndexes()
      await this.#writeProducers(producers)
      return true
    } catch (error) {
      this.#warn(error)
      return false
    }
  }

  #writeIndexes(): void {
    const { context } = this.#log
    for (let segment = this.#unindexed[0]; segment !== undefined; segment = this.#unindexed[0]) {
      if (!segment.deleted && segment.index !== undefined) {
        writeStateFile(context.disk, segment.indexPath, kinds.index, segment.index.content(segment.bytes))
        context.indexes.note(segment)
      }
      this.#unindexed.shift()
    }
  }

  async #writeProducers(snapshot: ProducersSnapshot): Promise<void> {
    const { context, folder } = this.#log
    const breather = new Breather(context.clock)
    let text = ''
    for (const piece of snapshotText(snapshot)) {
      text += piece
      await breather.breathe()
    }
    if (this.#log.isAbandoned) return
    writeStateText(context.disk, `${folder}/${offsetName(snapshot.offset)}.producers`, kinds.producers, text)
    const snapshots = context.disk.list(folder).filter((name) => offsetOf(name, 'producers') !== undefined)
    for (const name of snapshots.slice(0, -1 - olderSnapshotsKept)) context.disk.remove(`${folder}/${name}`)
  }

  async #removeGone(checkpoint: CheckpointContent): Promise<void> {
    const { context } = this.#log
    const isNamed = ({ baseOffset }: Segment) =>
      checkpoint.segments.some((segment) => segment.baseOffset === baseOffset)
    for (const segment of this.#gone) {
      if (isNamed(segment)) continue
      this.#unsynced.delete(segment)
      context.files.forget(segment.path)
      await context.disk.removeAsync(segment.path)
      context.disk.remove(segment.indexPath)
    }
    this.#gone = this.#gone.filter(isNamed)
  }

  async #writeCheckpoint(content: CheckpointContent, durable: boolean): Promise<void> {
    const { context, folder } = this.#log
    const path = `${folder}/checkpoint`
    if (!durable) return writeStateFile(context.disk, path, kinds.checkpoint, content)
    // On a full disk only a checkpoint that promises less makes room. One that is missing promises nothing: recovery reads all that is there.
    if (!(await replaceOrRemove(context.disk, path, kinds.checkpoint, content))) this.#changed = true
  }
}

function checkpointOf(log: LogState): CheckpointContent {
  const active = activeSegment(log)
  return {
    startOffset: log.startOffset,
    endOffset: log.endOffset,
    segments: log.segments.map(({ content }) => content),
    index: active.index!.content(active.bytes),
    epochs: log.epochs.content,
  }
}
