// What a broker must remember of itself across restarts, in `broker.json` of its data folder:
//
//   - whose folder it is: a broker never opens another's logs;
//   - the highest Castle epoch it followed, so that a Castle restored from an old backup is ignored (R14);
//   - the start of the newest block of producer ids it began, so that no id is given out twice;
//   - with which broker epoch a Castle first heard of its logs by their name, for a Castle whose store forgot that (R8, R14).
//
// Each change is durable before anyone acts on it.
import { type Disk, readSmallFile, replaceFile } from '@castellan/protocol/runtime'
import { BrokerError, messageOf, systemCode } from '../errors.ts'

const fileName = 'broker.json'
const formatVersion = 1

interface Content {
  readonly formatVersion: typeof formatVersion
  readonly brokerId: number
  readonly cluster: string
  readonly castleEpoch: number
  readonly producerIdsBegun: number
  /** Absent: of an earlier release, or not registered yet. */
  readonly logs?: RegisteredLogs
}

interface RegisteredLogs {
  readonly logsId: string
  /** A broker epoch. */
  readonly since: number
}

export class Identity {
  readonly #disk: Disk
  readonly #path: string
  #content: Content
  /** What the disk took last; null: nothing yet. */
  #durable: Content | null
  /** Writes go one after another: each stands on the one before. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, path: string, content: Content, durable: Content | null) {
    this.#disk = disk
    this.#path = path
    this.#content = content
    this.#durable = durable
  }

  /** Reads the folder's file, or makes folder and file. Throws a BrokerError when it is not this broker's folder. */
  static async open(disk: Disk, dataFolder: string, brokerId: number, cluster: string): Promise<Identity> {
    const path = `${dataFolder}/${fileName}`
    try {
      disk.mkdir(dataFolder)
      const bytes = readSmallFile(disk, path)
      const found = bytes && checked(path, bytes, brokerId, cluster)
      const content = found ?? { formatVersion, brokerId, cluster, castleEpoch: 0, producerIdsBegun: -1 }
      const identity = new Identity(disk, path, content, found ?? null)
      await identity.#write()
      return identity
    } catch (error) {
      if (error instanceof BrokerError) throw error
      throw new BrokerError('DATA_FOLDER_UNUSABLE', `cannot use the data folder ${dataFolder}: ${messageOf(error)}`, {
        cause: error,
        ...(systemCode(error) === 'ENOSPC' && { next: 'Free some space on its disk.' }),
      })
    }
  }

  /** The highest Castle epoch that this broker followed; 0: none yet. */
  get castleEpoch(): number {
    return this.#content.castleEpoch
  }

  /** Start of the newest block of producer ids that this broker began; -1: none yet. */
  get producerIdsBegun(): number {
    return this.#content.producerIdsBegun
  }

  /** The broker epoch with which these logs were first registered; undefined: they were not. */
  logsSince(logsId: string): number | undefined {
    const { logs } = this.#content
    return logs?.logsId === logsId ? logs.since : undefined
  }

  /** Resolves when that is on disk. Later registrations of the same logs change nothing. */
  noteRegistered(logsId: string, brokerEpoch: number): Promise<void> {
    if (this.logsSince(logsId) === undefined) this.#content = { ...this.#content, logs: { logsId, since: brokerEpoch } }
    return this.#write()
  }

  /** Resolves when the highest epoch is on disk. What the disk refused before is tried again with each call. */
  raiseCastleEpoch(castleEpoch: number): Promise<void> {
    if (castleEpoch > this.castleEpoch) this.#content = { ...this.#content, castleEpoch }
    return this.#write()
  }

  /** Resolves when that is on disk. */
  beginProducerIds(producerIdsBegun: number): Promise<void> {
    if (producerIdsBegun > this.producerIdsBegun) this.#content = { ...this.#content, producerIdsBegun }
    return this.#write()
  }

  #write(): Promise<void> {
    if (this.#durable === this.#content) return Promise.resolve()
    const write = async () => {
      const content = this.#content
      if (this.#durable === content) return
      await replaceFile(this.#disk, this.#path, new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`))
      this.#durable = content
    }
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }
}

function checked(path: string, bytes: Uint8Array, brokerId: number, cluster: string): Content {
  const content = parse(path, bytes)
  if (content.formatVersion !== formatVersion) {
    throw new BrokerError(
      'DATA_FOLDER_VERSION',
      `${path} has format ${content.formatVersion}, but this release reads format ${formatVersion}`,
    )
  }
  if (content.brokerId !== brokerId || content.cluster !== cluster) {
    const owner = `broker ${content.brokerId} of cluster ${content.cluster}`
    throw new BrokerError(
      'DATA_FOLDER_FOREIGN',
      `${path} belongs to ${owner}, and this is broker ${brokerId} of cluster ${cluster}`,
    )
  }
  return content
}

function parse(path: string, bytes: Uint8Array): Content {
  try {
    const { castleEpoch, producerIdsBegun, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as Content
    if (!Number.isSafeInteger(castleEpoch) || !Number.isSafeInteger(producerIdsBegun))
      throw new Error('castleEpoch or producerIdsBegun is missing')
    return { ...rest, castleEpoch, producerIdsBegun }
  } catch (error) {
    throw new BrokerError('DATA_FOLDER_UNUSABLE', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      next:
        'Restore the file from a backup. Without one, move the file away: the next start makes it anew and keeps the logs beside it; ' +
        'start idempotent producers anew then.',
    })
  }
}
