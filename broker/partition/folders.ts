// The folder of all logs of a broker, and whose log stands where in it. Names are ids (R13):
//
//   <data folder>/logs/
//     format                          the format version of all of it
//     clean-shutdown                  only while no broker runs, and the last one stopped in order (R8)
//     <topic id>/<partition>/         a log, see log/files.ts
//     deleted-<topic id>/             on its way out: Castle recorded the deletion (R13)
//     deleted-<topic id>-<n>/         one log of it, on its way out: this broker is no replica any more, as Castle recorded
import type { Disk } from '@castellan/protocol/runtime'
import { BrokerError, messageOf, systemCode } from '../errors.ts'
import { LogError } from '../log/errors.ts'
import { kinds, type PartitionContent } from '../log/files.ts'
import { readStateFile, replaceStateFile, writeStateFile } from '../log/state-file.ts'

export interface LogPlace {
  readonly topicId: string
  readonly index: number
  readonly folder: string
}

const topicIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const deletedPrefix = 'deleted-'

export class LogFolders {
  readonly #disk: Disk
  readonly #root: string

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
      if (error instanceof BrokerError) throw error
      if (error instanceof LogError) throw new BrokerError('DATA_FOLDER_VERSION', error.message, { cause: error })
      throw new BrokerError('DATA_FOLDER_UNUSABLE', `cannot use the folder of logs ${root}: ${messageOf(error)}`, {
        cause: error,
        ...(systemCode(error) === 'ENOSPC' && { next: 'Free some space on its disk.' }),
      })
    }
  }

  /** Whether the last broker here stopped in order; asked once, for from now on it counts as not. */
  takeCleanShutdown(): boolean {
    const path = `${this.#root}/clean-shutdown`
    const isClean = readStateFile(this.#disk, path, kinds.cleanShutdown) !== undefined
    this.#disk.remove(path)
    return isClean
  }

  noteCleanShutdown(stoppedMs: number): Promise<void> {
    return replaceStateFile(this.#disk, `${this.#root}/clean-shutdown`, kinds.cleanShutdown, { stoppedMs })
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

  /** Makes the folder of a new log. Throws what the disk says. */
  make(place: LogPlace, topic: string): void {
    this.#disk.mkdir(place.folder)
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
  discardOne({ topicId, index, folder }: LogPlace): void {
    if (!this.#disk.exists(folder)) return
    // One that left, came back and leaves again may meet what is left of its first self.
    let number = index
    const home = () => `${this.#root}/${deletedPrefix}${topicId}-${number}`
    while (this.#disk.exists(`${home()}/${index}`)) number += 1_000_000
    this.#disk.mkdir(home())
    this.#disk.rename(folder, `${home()}/${index}`)
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
