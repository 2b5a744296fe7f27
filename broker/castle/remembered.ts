// What this broker was told of its topics, kept on disk beside the logs: whoever holds the logs can say whose they are, who led last
// and which deletion was recorded, to a Castle whose store went back in time (R14).
//
//   <data folder>/topics/<topic id>     the newest subject: its version and state
//
// Of topics that it is or was a replica of. Written a moment after each change, many changes in one: leader epochs are in the logs themselves. A kill
// loses nothing of what was written. A power loss takes what the trickle of syncs has not come to: others have it, or it is some seconds old.
import { readSubject, type Subject, type TopicState } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Disk, type Logger, type Timer } from '@castellan/protocol/runtime'
import { BrokerError, messageOf } from '../errors.ts'
import { LogError } from '../log/errors.ts'
import { readStateFile, writeStateFile } from '../log/state-file.ts'

const kind = { kind: 'topic', version: 1 }
const topicIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const writeAfterMs = 100
/** Files written in one turn. */
const writesPerTurn = 8
const syncAfterMs = 5_000
/** Files synced after each such time: so few that no other writer waits for it. */
const syncsMax = 20
/** Recorded deletions that are remembered: the newest. */
const deletedMax = 1_000
/** Of the subjects in one report. */
const offeredBytesMax = 8 * 1024 * 1024

export interface RememberedOptions {
  readonly clock: Clock
  readonly disk: Disk
  readonly log: Logger
  readonly dataFolder: string
  readonly brokerId: number
}

export class Remembered {
  readonly #options: RememberedOptions
  readonly #folder: string
  readonly #complaints: Complaints
  /** Versions on disk, by topic id. */
  readonly #onDisk = new Map<string, number>()
  /** From before this process, and not said by Castle since. */
  readonly #unconfirmed = new Map<string, number>()
  /** Topic id -> name, of those among them that were not deleted. */
  readonly #unconfirmedNames = new Map<string, string>()
  /** Everything that Castle said to this process, by key. */
  readonly #told = new Map<string, Subject>()
  readonly #unwritten = new Map<string, Subject>()
  /** Topics whose files a power loss may still take. */
  readonly #unsynced = new Set<string>()
  readonly #deleted: string[] = []
  #timer: Timer | undefined
  #syncTimer: Timer | undefined
  #isClosed = false

  /** Throws a BrokerError when the folder cannot be used. */
  constructor(options: RememberedOptions) {
    this.#options = options
    const { disk, dataFolder, clock, log } = options
    this.#folder = `${dataFolder}/topics`
    this.#complaints = new Complaints(clock, log)
    try {
      disk.mkdir(this.#folder)
      for (const topicId of disk.list(this.#folder).filter((name) => topicIdPattern.test(name))) {
        const subject = this.#read(topicId)
        if (subject === undefined) continue
        this.#onDisk.set(topicId, subject.version)
        this.#unconfirmed.set(topicId, subject.version)
        if (isDeleted(subject)) this.#deleted.push(topicId)
        else this.#unconfirmedNames.set(topicId, (subject.state as TopicState).name)
      }
    } catch (error) {
      if (error instanceof LogError) throw new BrokerError('DATA_FOLDER_VERSION', error.message, { cause: error })
      throw new BrokerError('DATA_FOLDER_UNUSABLE', `cannot use ${this.#folder}: ${messageOf(error)}`, { cause: error })
    }
  }

  /** Topic id -> version, of what Castle has not said, or said an older one of, to this process. */
  get versions(): Record<string, number> {
    return Object.fromEntries(this.#unconfirmed)
  }

  /** Whether Castle has said to this process at least what an earlier one was told of the topic. */
  isNewest(topicId: string): boolean {
    return !this.#unconfirmed.has(topicId)
  }

  /** Whether a topic of this name was there before this process, and Castle has not spoken of it: its store may have gone back in time. */
  isAwaited(name: string): boolean {
    for (const awaited of this.#unconfirmedNames.values()) if (awaited === name) return true
    return false
  }

  /** Castle said this: it is newer than all that it said before. */
  note(subject: Subject): void {
    this.#told.set(subject.key, subject)
    const topicId = topicIdOf(subject.key)
    if (topicId === undefined) return
    this.#unconfirmedNames.delete(topicId)
    if (subject.version >= (this.#unconfirmed.get(topicId) ?? 0)) this.#unconfirmed.delete(topicId)
    // An older one than is remembered, from a Castle that does not know better yet, takes the place of nothing.
    if (subject.version <= (this.#onDisk.get(topicId) ?? -1)) return
    this.#unwritten.set(topicId, subject)
    this.#timer ??= this.#options.clock.after(writeAfterMs, () => this.#writeSome())
  }

  /** As this broker has them: the newest it was told, by any Castle. As many as fit into a report. */
  offer(keys: readonly string[]): Subject[] {
    const subjects: Subject[] = []
    let bytes = 0
    for (const key of keys) {
      const subject = this.#newest(key)
      if (subject === undefined) continue
      bytes += JSON.stringify(subject.state).length
      if (bytes > offeredBytesMax && subjects.length > 0) break
      subjects.push(subject)
    }
    return subjects
  }

  /** Writes down what is not yet. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#syncTimer?.cancel()
    while (this.#unwritten.size > 0) this.#writeNext()
  }

  #newest(key: string): Subject | undefined {
    const told = this.#told.get(key)
    const topicId = topicIdOf(key)
    if (topicId === undefined || (this.#unconfirmed.get(topicId) ?? 0) <= (told?.version ?? -1)) return told
    return this.#read(topicId) ?? told
  }

  /** Undefined: there is none, or none that can be used. */
  #read(topicId: string): Subject | undefined {
    const subject = readStateFile<Subject>(this.#options.disk, this.#pathOf(topicId), kind)
    try {
      return subject !== undefined && readSubject(subject)?.kind === 'topic' ? subject : undefined
    } catch (error) {
      this.#complaints.say('read', { topicId, error: messageOf(error) }, 'what is remembered of a topic cannot be used')
      return undefined
    }
  }

  #pathOf(topicId: string): string {
    return `${this.#folder}/${topicId}`
  }

  #writeSome(): void {
    this.#timer = undefined
    for (let written = 0; written < writesPerTurn && this.#unwritten.size > 0; written++) this.#writeNext()
    if (this.#unwritten.size > 0 && !this.#isClosed) this.#timer = this.#options.clock.after(1, () => this.#writeSome())
  }

  #writeNext(): void {
    const [topicId, subject] = this.#unwritten.entries().next().value!
    this.#unwritten.delete(topicId)
    const { disk, brokerId } = this.#options
    // Also where it was a replica: of a deletion, and of a topic that has gone elsewhere.
    if (!this.#onDisk.has(topicId) && !isReplica(subject, brokerId)) return
    try {
      writeStateFile(disk, this.#pathOf(topicId), kind, subject)
      this.#onDisk.set(topicId, subject.version)
      this.#syncSoon(topicId)
      if (isDeleted(subject)) this.#forgetOldDeletions(topicId)
    } catch (error) {
      // It counts in memory; the next change tries again.
      this.#complaints.say(
        'write',
        { topicId, error: messageOf(error) },
        'cannot note on disk what Castle said of a topic',
      )
    }
  }

  #syncSoon(topicId: string): void {
    this.#unsynced.add(topicId)
    if (this.#isClosed) return
    this.#syncTimer ??= this.#options.clock.after(syncAfterMs, () => {
      this.#syncSome().finally(() => {
        this.#syncTimer = undefined
        const [next] = this.#unsynced
        if (next !== undefined) this.#syncSoon(next)
      })
    })
  }

  /** One file after another, off the loop. */
  async #syncSome(): Promise<void> {
    const { disk } = this.#options
    try {
      for (const topicId of [...this.#unsynced].slice(0, syncsMax)) {
        this.#unsynced.delete(topicId)
        if (disk.exists(this.#pathOf(topicId))) await this.#sync(topicId)
      }
      await disk.syncFolder(this.#folder)
    } catch (error) {
      this.#complaints.say(
        'sync',
        { error: messageOf(error) },
        'what Castle said of topics may not outlive a power loss',
      )
    }
  }

  async #sync(topicId: string): Promise<void> {
    const file = this.#options.disk.open(this.#pathOf(topicId), 'read')
    try {
      await file.sync()
    } finally {
      file.close()
    }
  }

  #forgetOldDeletions(topicId: string): void {
    this.#deleted.push(topicId)
    while (this.#deleted.length > deletedMax) {
      const oldest = this.#deleted.shift()!
      this.#onDisk.delete(oldest)
      this.#options.disk.remove(this.#pathOf(oldest))
    }
  }
}

function topicIdOf(key: string): string | undefined {
  return key.startsWith('topic/') ? key.slice('topic/'.length) : undefined
}

function isReplica({ state }: Subject, brokerId: number): boolean {
  return (state as TopicState).partitions.some(({ replicas }) => replicas.includes(brokerId))
}

function isDeleted({ state }: Subject): boolean {
  return typeof state === 'object' && state !== null && 'deleted' in state && state.deleted === true
}
