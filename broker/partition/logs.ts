// How the logs of a broker come and go:
//
//   on disk at the start ─► open ─────────────────┐                 ┌─► delete, remove   as Castle recorded (R13)
//   this broker is a new replica ─► add ─► make ──┴─► a partition ──┤
//                                          ▲                        └─► rebuild          damaged, and others have everything (R9)
//                                          └────────────────────────────────┘
//
// What becomes of a damaged one that nobody can mend: salvages.ts.
//
// What the disk refuses is tried again: a full one may have room at any moment.
import { effectiveConfigs, type TopicSettings } from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'
import { systemCode } from '../errors.ts'
import type { LogContext, LogSettings } from '../log/context.ts'
import { LogError } from '../log/errors.ts'
import { type FaultContent, kinds } from '../log/files.ts'
import { Limiter } from '../log/limiter.ts'
import { Log } from '../log/log.ts'
import { readStateFile } from '../log/state-file.ts'
import type { LogFolders, LogPlace } from './folders.ts'
import type { HighWatermarks } from './high-watermarks.ts'
import type { PartitionHost } from './host.ts'
import { Partition } from './partition.ts'
import { Slices } from './slices.ts'
import type { Table } from './table.ts'

export interface LogsOptions {
  readonly brokerId: number
  readonly producerIdExpirationMs: number
  readonly context: LogContext
  readonly folders: LogFolders
  readonly marks: HighWatermarks
  readonly table: Table
}

/** Who gives the partitions their roles and looks after them. */
export interface LogsHost extends PartitionHost {
  /** It has a log now. */
  noteMade(partition: Partition, state: TopicState): void
  /** The disk refused something: call `retry` a little later. */
  noteRefused(): void
  /** What its topic's state says is to be done now. */
  applyOne(topicId: string, index: number): void
}

const producersMax = 10_000
/** Logs made, or epochs written down, in one turn of the loop: a few milliseconds. */
const piecesPerTurn = 16

export class Logs {
  /** Logs made and epochs written: files. */
  readonly slices: Slices
  readonly #options: LogsOptions
  readonly #context: LogContext
  readonly #folders: LogFolders
  readonly #table: Table
  readonly #host: LogsHost
  /** What the disk refused, to be tried again: logs to make or to remove, topics to delete. */
  readonly #unmade = new Set<Partition>()
  readonly #unremoved = new Set<Partition>()
  readonly #undeleted = new Set<string>()
  readonly #removals = new Limiter(1)
  #isClosed = false

  constructor(clock: Clock, options: LogsOptions, host: LogsHost) {
    this.#options = options
    this.#context = options.context
    this.#folders = options.folders
    this.#table = options.table
    this.#host = host
    this.slices = new Slices(clock, piecesPerTurn)
  }

  /** Nothing is made any more. */
  close(): void {
    this.#isClosed = true
    this.slices.stop()
  }

  settings(settings: TopicSettings): LogSettings {
    return { ...settings, producersMax, producerIdExpirationMs: this.#options.producerIdExpirationMs }
  }

  /** One that stands on disk. Whatever is wrong with it is the fault of its partition: the others go on (R9). */
  async open(place: LogPlace): Promise<void> {
    const partition = this.#place(place, this.#folders.topicName(place))
    try {
      const fault = readStateFile<FaultContent>(this.#context.disk, `${place.folder}/fault`, kinds.fault)
      if (fault !== undefined)
        return partition.setKnownDamage(`${fault.reason} (remove ${place.folder}/fault when it is repaired)`)
      const settings = this.settings(effectiveConfigs({}))
      const log = await Log.open(this.#context, place.folder, settings, events(partition))
      const highWatermark = this.#mustHave(place)
      if (log === undefined) {
        // The process before was killed while it made it; or a person gave up what it had, and removed the note of that (`#miss`).
        const isMissed = highWatermark > 0 || (highWatermark === 0 && !this.#folders.isNamed(place))
        return isMissed ? this.#miss(partition, place, highWatermark) : this.#make(partition)
      }
      partition.attach(log, this.#folders.isAnew(place), this.#options.marks.get(place.topicId, place.index))
      if (highWatermark > log.endOffset) throw cutShort(log.endOffset, highWatermark)
      if (log.needsCheckpoint) this.#host.noteWritten(partition)
    } catch (error) {
      partition.setFault(error)
    }
  }

  /** What a log must have, as an earlier process knew; -1: perhaps nothing. After a power loss that is what R8 is for. */
  #mustHave({ topicId, index }: LogPlace): number {
    const { marks } = this.#options
    return marks.areOfTheseLogs ? (marks.get(topicId, index) ?? -1) : -1
  }

  /**
   * What an earlier process had, and nobody took away in good order, is damaged like any other log that is not what was written (R9): an empty
   * one in its place would count as in sync, and take from others what it lacks.
   */
  findMissing(places: readonly LogPlace[]): void {
    const found = new Set(places.map(({ folder }) => folder))
    for (const { topicId, index, highWatermark } of this.#options.marks.all()) {
      const place = this.#folders.place(topicId, index)
      if (found.has(place.folder)) continue
      this.#miss(this.#place(place, ''), place, highWatermark)
    }
  }

  #miss(partition: Partition, place: LogPlace, highWatermark: number): void {
    const cannotNote = (error: unknown) =>
      this.#context.complaints.say('missing', { ...place, error }, 'cannot note that a log is gone')
    attempt(() => this.#folders.makeFolder(place), cannotNote)
    partition.setFault(gone(highWatermark))
    // Behind the note of its fault: a folder with a name and no such note is one of which a person has said that it may begin anew.
    attempt(() => this.#folders.nameNoted(place), cannotNote)
  }

  /** A new one, which is made now or soon. */
  add(topicId: string, index: number, topic: string): void {
    const partition = this.#place(this.#folders.place(topicId, index), topic)
    this.slices.run(() => this.#make(partition))
  }

  #make(partition: Partition): void {
    const { topicId, index } = partition
    const state = this.#table.states.get(topicId)
    // Its topic may have been deleted since it was to be made.
    if (!this.#table.has(partition) || this.#undeleted.has(topicId)) return
    const place = this.#folders.place(topicId, index)
    try {
      this.#folders.make(place, state?.name ?? partition.topic)
      const settings = this.settings(effectiveConfigs(state?.configs ?? {}))
      const log = Log.create(this.#context, place.folder, settings, events(partition))
      log.noteFolders(this.#folders.parents(place))
      partition.attach(log, this.#folders.isAnew(place))
    } catch (error) {
      this.#unmade.add(partition)
      this.#host.noteRefused()
      partition.setFault(new LogError('LOG_DISK', `the log cannot be made: ${systemCode(error) ?? error}`, error))
      return
    }
    this.#host.noteWritten(partition)
    if (state !== undefined) this.#host.noteMade(partition, state)
  }

  #place({ topicId, index, folder }: LogPlace, topic: string): Partition {
    const { brokerId } = this.#options
    const partition = new Partition({ topicId, topic, index, folder, brokerId }, this.#context, this.#host)
    this.#table.add(partition)
    return partition
  }

  /** Castle recorded that the topic is deleted (R13). */
  delete(topicId: string): void {
    const partitions = this.#table.ofTopic(topicId)
    this.#table.states.delete(topicId)
    if (partitions === undefined) return
    for (const partition of partitions.values()) partition.close()
    try {
      this.#forgetMarks(topicId)
      this.#folders.discard(topicId)
    } catch (error) {
      this.#undeleted.add(topicId)
      this.#host.noteRefused()
      this.#context.complaints.say(
        'delete',
        { topicId, error },
        'a deleted topic cannot be removed from disk; it is tried again',
        'error',
      )
      return
    }
    this.#table.removeTopic(topicId)
    for (const partition of partitions.values()) this.#host.noteChanged(partition)
    void this.removeDiscarded()
  }

  /** Castle recorded that this replica is none any more (R13). What the disk refuses is tried again. */
  remove(partition: Partition): void {
    const { topicId, index } = partition
    partition.close()
    this.#unmade.delete(partition)
    try {
      this.#forgetMarks(topicId, index)
      this.#folders.discardOne(this.#folders.place(topicId, index))
    } catch (error) {
      partition.setFault(new LogError('LOG_DISK', `the log cannot be removed: ${systemCode(error) ?? error}`, error))
      this.#unremoved.add(partition)
      this.#host.noteRefused()
      return
    }
    this.#table.remove(partition)
    this.#host.noteChanged(partition)
    void this.removeDiscarded()
  }

  /**
   * The damaged log is kept aside, and a new one is made, which fetches everything from the leader (R9). Castle may count on this replica
   * again by now, without our knowing: so it is reported as out of use until it has everything that is committed.
   */
  rebuild(partition: Partition): void {
    const { topicId, index, topic, fault } = partition
    const place = this.#folders.place(topicId, index)
    partition.close()
    try {
      this.#folders.beginAnew(place)
      this.#forgetMarks(topicId, index)
      for (const path of this.#folders.filesOf(place)) this.#context.files.forget(path)
      const kept = this.#folders.setAside(place)
      this.#context.log.warn(
        { topic, topicId, partition: index, fault, kept },
        'a damaged log is set aside, and made anew',
      )
    } catch (error) {
      this.#host.noteRefused()
      this.#context.complaints.say(
        'set aside',
        { topic, topicId, partition: index, error },
        'a damaged log cannot be set aside; it is tried again',
        'error',
      )
      return
    }
    this.#context.counters.rebuilds++
    this.#table.remove(partition)
    this.#host.noteChanged(partition)
    this.add(topicId, index, this.#table.states.get(topicId)!.name)
    void this.removeDiscarded()
  }

  /** What is left in the folder of a damaged log, from which all was taken that is not sound; a new one where nothing is. Rejects with what the disk says. */
  async reopen(partition: Partition): Promise<Log> {
    const { topicId, index, folder } = partition
    const settings = this.settings(effectiveConfigs(this.#table.states.get(topicId)?.configs ?? {}))
    const found = await Log.open(this.#context, folder, settings, events(partition))
    if (found !== undefined) return found
    const log = Log.create(this.#context, folder, settings, events(partition))
    log.noteFolders(this.#folders.parents(this.#folders.place(topicId, index)))
    return log
  }

  /** A log goes in good order: the next process does not miss it. */
  #forgetMarks(topicId: string, index?: number): void {
    try {
      this.#options.marks.forget(topicId, index)
    } catch (error) {
      // On a full disk, where what goes makes room: at worst a log that nobody wants is shown as damaged.
      this.#context.complaints.say('high watermarks', { error }, 'cannot write down the high watermarks')
    }
  }

  /** The disk may have room now. */
  retry(): void {
    const unmade = [...this.#unmade]
    const undeleted = [...this.#undeleted]
    const unremoved = [...this.#unremoved]
    this.#unmade.clear()
    this.#undeleted.clear()
    this.#unremoved.clear()
    for (const partition of unremoved) this.#retryRemoval(partition)
    for (const topicId of undeleted) this.delete(topicId)
    for (const partition of unmade) this.slices.run(() => this.#make(partition))
    for (const { isDamaged, topicId, index } of [...this.#table.all()])
      if (isDamaged) this.#host.applyOne(topicId, index)
  }

  /** It may have become a replica again meanwhile. */
  #retryRemoval(partition: Partition): void {
    if (this.#table.has(partition)) this.#host.applyOne(partition.topicId, partition.index)
  }

  /** What is on its way out, from an earlier run or this one. */
  removeDiscarded(): Promise<void> {
    return this.#removals.run(async () => {
      try {
        for (const path of this.#folders.discarded()) {
          if (this.#isClosed) return
          await this.#folders.remove(path)
        }
      } catch (error) {
        this.#context.log.warn({ error }, 'cannot remove all of a deleted topic; the next start tries again')
      }
    })
  }

  /** One that was fetched anew has everything now. */
  noteWhole(partition: Partition): void {
    const { topic, topicId, index } = partition
    try {
      this.#folders.endAnew(this.#folders.place(topicId, index))
    } catch (error) {
      // The leader's next word tries again.
      this.#context.complaints.say('anew', { topic, partition: index, error }, 'cannot note that a log is whole again')
      return
    }
    this.#context.log.info({ topic, topicId, partition: index }, 'a log that was fetched anew has everything again')
    partition.noteWhole()
  }
}

function attempt(act: () => void, onError: (error: unknown) => void): void {
  try {
    act()
  } catch (error) {
    onError(error)
  }
}

/** Other replicas have what was committed. Where nobody has it, a person decides. */
function gone(highWatermark: number): LogError {
  const had = highWatermark > 0 ? `everything up to ${highWatermark} at least` : 'records'
  const next = 'to go on without them, where no other replica has them, elect a leader (unclean)'
  return new LogError('LOG_CORRUPT', `the log is gone, and had ${had}; ${next}`)
}

function cutShort(endOffset: number, highWatermark: number): LogError {
  return new LogError('LOG_CORRUPT', `the log ends at ${endOffset}, and had everything up to ${highWatermark} at least`)
}

function events(partition: Partition): { onTrouble(error: LogError): void; flush(): void } {
  return { onTrouble: (error) => partition.setFault(error), flush: () => partition.flush() }
}
