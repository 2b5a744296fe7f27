// The folder of all logs of a broker, and whose log stands where in it. Names are ids (R13):
//
//   <data folder>/logs/
//     format                          the format version of all of it
//     run                             the name of these logs, and the run of the machine that they were last open in (R8)
//     high-watermarks                 of all partitions that have records, as they were some seconds ago
//     clean-shutdown                  only while no broker runs, and the last one stopped in order (R8)
//     <topic id>/<partition>/         a log, see log/files.ts
//     <topic id>/<partition>.anew     it is fetched anew in place of a damaged one, and has not got all yet: nobody may count on it (R9)
//     damaged-<n>-<topic id>-<index>/ a log that was made anew from another replica, or what was cut off one, kept to be looked at (R9); the newest few
//     deleted-<topic id>/             on its way out: Castle recorded the deletion (R13)
//     deleted-<topic id>-<n>/         one log of it, on its way out: this broker is no replica any more, as Castle recorded
import type { OwnVitals } from '@castellan/protocol/heartbeat'
import type { Disk } from '@castellan/protocol/runtime'
import { BrokerError, messageOf, systemCode } from '../errors.ts'
import { LogError } from '../log/errors.ts'
import { type CleanShutdownContent, kinds, type PartitionContent, type RunContent } from '../log/files.ts'
import { cutFolderOf } from '../log/salvage.ts'
import { overwriteStateFile, readStateFile, replaceStateFile, writeStateFile } from '../log/state-file.ts'
import { HighWatermarks } from './high-watermarks.ts'

export interface LogPlace {
  readonly topicId: string
  readonly index: number
  readonly folder: string
}

export interface RunBegun {
  readonly logsId: string
  readonly isClean: boolean
  /** Nothing that was written before can be lost. */
  readonly isIntact: boolean
  /** How the process before this one ended. */
  readonly lastStop: NonNullable<OwnVitals['lastStop']>
}

const topicIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const deletedPrefix = 'deleted-'
const damagedPrefix = 'damaged-'
const damagedKept = 3

export class LogFolders {
  readonly #disk: Disk
  readonly #root: string
  #run: RunContent = { logsId: '', bootId: '', run: 0 }

  private constructor(disk: Disk, root: string) {
    this.#disk = disk
    this.#root = root
  }

  /** Rejects with a BrokerError when the folder has another format or cannot be used. */
  static async open(disk: Disk, dataFolder: string): Promise<LogFolders> {
    const root = `${dataFolder}/logs`
    try {
      disk.mkdir(root)
      if (readStateFile(disk, `${root}/format`, kinds.logs) === undefined) {
        if (disk.list(root).some((name) => !name.startsWith('format'))) {
          throw new BrokerError('DATA_FOLDER_VERSION', `${root} does not say which format it has`)
        }
        await replaceStateFile(disk, `${root}/format`, kinds.logs, {})
      }
      return new LogFolders(disk, root)
    } catch (error) {
      throw unusable(root, error)
    }
  }

  /**
   * Begins a run, before any log is opened. The logs keep their name when nothing that was written can be lost: the last broker here
   * stopped in order, or the machine has been up since (kill -9 alone takes nothing, for the page cache stays). Else what was not synced
   * may be gone, so they get a new name, and count as logs that hold nothing yet (R8). Durable when it resolves. Rejects with a
   * BrokerError.
   */
  async begin(bootId: string, newLogsId: () => string): Promise<RunBegun> {
    try {
      return await this.#begin(bootId, newLogsId)
    } catch (error) {
      throw unusable(this.#root, error)
    }
  }

  async #begin(bootId: string, newLogsId: () => string): Promise<RunBegun> {
    const path = `${this.#root}/run`
    const cleanPath = `${this.#root}/clean-shutdown`
    const last = readStateFile<RunContent>(this.#disk, path, kinds.run)
    const marker = readStateFile<CleanShutdownContent>(this.#disk, cleanPath, kinds.cleanShutdown)
    const isClean = marker !== undefined && marker.run === last?.run
    const isIntact = last !== undefined && (isClean || last.bootId === bootId)
    this.#run = {
      logsId: isIntact ? last.logsId : newLogsId(),
      bootId,
      run: (last?.run ?? 0) + (isClean || !isIntact ? 1 : 0),
    }
    if (this.#run.run !== last?.run) await this.#writeRun(path, this.#run)
    this.#disk.remove(cleanPath)
    const lastStop = last === undefined ? 'first' : isClean ? 'clean' : isIntact ? 'killed' : 'lost'
    return { logsId: this.#run.logsId, isClean, isIntact, lastStop }
  }

  async #writeRun(path: string, content: RunContent): Promise<void> {
    try {
      await replaceStateFile(this.#disk, path, kinds.run, content)
    } catch (error) {
      // A full disk is no reason not to serve what is there: the new content fits where the old one is.
      if (systemCode(error) !== 'ENOSPC') throw error
      overwriteStateFile(this.#disk, path, kinds.run, content)
    }
  }

  noteCleanShutdown(stoppedMs: number): Promise<void> {
    const content: CleanShutdownContent = { stoppedMs, run: this.#run.run }
    return replaceStateFile(this.#disk, `${this.#root}/clean-shutdown`, kinds.cleanShutdown, content)
  }

  /** Every log that stands here. */
  places(): LogPlace[] {
    const places: LogPlace[] = []
    for (const topicId of this.#disk.list(this.#root).filter((name) => topicIdPattern.test(name))) {
      const indexes = this.#disk.list(`${this.#root}/${topicId}`).filter((name) => /^\d{1,9}$/.test(name))
      for (const index of indexes.map(Number).sort((one, other) => one - other)) places.push(this.place(topicId, index))
    }
    return places
  }

  place(topicId: string, index: number): LogPlace {
    return { topicId, index, folder: `${this.#root}/${topicId}/${index}` }
  }

  /** The topic's name as its log remembers it; empty: it does not. */
  topicName({ folder }: LogPlace): string {
    try {
      return readStateFile<PartitionContent>(this.#disk, `${folder}/partition`, kinds.partition)?.topic ?? ''
    } catch (error) {
      // It is for people only; what is wrong with the log its other files say.
      if (error instanceof LogError || systemCode(error) !== undefined) return ''
      throw error
    }
  }

  makeFolder({ folder }: LogPlace): void {
    this.#disk.mkdir(folder)
  }

  /** Whether somebody made a folder for a log there, to the end. */
  isNamed({ folder }: LogPlace): boolean {
    return this.#disk.exists(`${folder}/partition`)
  }

  /** As `make`, of a log that is gone, once its fault is noted there. */
  nameNoted(place: LogPlace): void {
    if (this.#disk.exists(`${place.folder}/fault`)) this.make(place, '')
  }

  /** Makes the folder of a new log. Throws what the disk says. */
  make(place: LogPlace, topic: string): void {
    this.makeFolder(place)
    const content: PartitionContent = { topicId: place.topicId, topic, partition: place.index }
    writeStateFile(this.#disk, `${place.folder}/partition`, kinds.partition, content)
  }

  /** The folders whose names must be synced before a new log is safe. */
  parents({ topicId }: LogPlace): string[] {
    return [this.#root, `${this.#root}/${topicId}`]
  }

  /** Takes all logs of a topic out of use, in one step. Throws what the disk says. */
  discard(topicId: string): void {
    const folder = `${this.#root}/${topicId}`
    if (this.#disk.exists(folder)) this.#disk.rename(folder, `${this.#root}/${deletedPrefix}${topicId}`)
  }

  /** Takes one log out of use, in one step. Throws what the disk says. */
  discardOne(place: LogPlace): void {
    const { topicId, index, folder } = place
    if (!this.#disk.exists(folder)) return
    // One that left, came back and leaves again may meet what is left of its first self.
    let number = index
    const home = () => `${this.#root}/${deletedPrefix}${topicId}-${number}`
    while (this.#disk.exists(`${home()}/${index}`)) number += 1_000_000
    this.#disk.mkdir(home())
    this.#disk.rename(folder, `${home()}/${index}`)
    this.endAnew(place)
  }

  /** What stands in a log's folder. */
  filesOf({ folder }: LogPlace): string[] {
    return this.#disk.exists(folder) ? this.#disk.list(folder).map((name) => `${folder}/${name}`) : []
  }

  /**
   * Keeps a damaged log for people to look at, under another name, which is returned; the oldest ones beyond a few are on their way out
   * then. Throws what the disk says.
   */
  setAside(place: LogPlace): string {
    return this.#keep(place.folder, place)
  }

  /** The same, of what was cut off a damaged log; null: nothing was. */
  keepCut(place: LogPlace): string | null {
    const folder = cutFolderOf(place.folder)
    if (!this.#disk.exists(folder)) return null
    if (this.#disk.list(folder).length > 0) return this.#keep(folder, place)
    this.#disk.remove(folder)
    return null
  }

  /** The log is well again. Durable when it resolves; rejects with what the disk says. */
  removeFault({ folder }: LogPlace): Promise<void> {
    this.#disk.remove(`${folder}/fault`)
    return this.#disk.syncFolder(folder)
  }

  #keep(folder: string, { topicId, index }: LogPlace): string {
    const kept = this.#disk.list(this.#root).filter((name) => name.startsWith(damagedPrefix))
    const number = 1 + Number(kept.at(-1)?.split('-')[1] ?? 0)
    const path = `${this.#root}/${damagedPrefix}${String(number).padStart(8, '0')}-${topicId}-${index}`
    this.#disk.rename(folder, path)
    for (const name of kept.slice(0, Math.max(0, kept.length + 1 - damagedKept))) {
      const home = `${this.#root}/${deletedPrefix}${name}`
      this.#disk.mkdir(home)
      this.#disk.rename(`${this.#root}/${name}`, `${home}/0`)
    }
    return path
  }

  /**
   * Notes that a log lacks what it had, before that is gone: whatever ends the process from now on, the next one knows. Throws what the
   * disk says.
   */
  beginAnew(place: LogPlace): void {
    writeStateFile(this.#disk, anewPath(place), kinds.anew, {})
  }

  /** Whether a log at this place has not got everything yet. */
  isAnew(place: LogPlace): boolean {
    return this.#disk.exists(anewPath(place))
  }

  /** It has. Throws what the disk says. */
  endAnew(place: LogPlace): void {
    this.#disk.remove(anewPath(place))
  }

  /** After `begin`. */
  highWatermarks(): HighWatermarks {
    return new HighWatermarks(this.#disk, `${this.#root}/high-watermarks`, this.#run.logsId)
  }

  /** The folders of discarded logs, then those of their topics: to be removed one by one, for each may take a while. */
  discarded(): string[] {
    const paths: string[] = []
    for (const name of this.#disk.list(this.#root).filter((one) => one.startsWith(deletedPrefix))) {
      const topic = `${this.#root}/${name}`
      paths.push(...this.#disk.list(topic).map((index) => `${topic}/${index}`), topic)
    }
    return paths
  }

  remove(path: string): Promise<void> {
    return this.#disk.removeAsync(path)
  }
}

function anewPath({ folder }: LogPlace): string {
  return `${folder}.anew`
}

function unusable(root: string, error: unknown): BrokerError {
  if (error instanceof BrokerError) return error
  if (error instanceof LogError) return new BrokerError('DATA_FOLDER_VERSION', error.message, { cause: error })
  return new BrokerError('DATA_FOLDER_UNUSABLE', `cannot use the folder of logs ${root}: ${messageOf(error)}`, {
    cause: error,
    ...(systemCode(error) === 'ENOSPC' && { next: 'Free some space on its disk.' }),
  })
}
