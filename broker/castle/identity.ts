// What a broker must remember of itself across restarts, in `broker.json` of its data folder:
//
//   - whose folder it is: a broker never opens another's logs;
//   - the highest Castle epoch it followed, so that a Castle restored from an old backup is ignored (R14);
//   - the start of the newest block of producer ids it began, so that no id is given out twice.
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
}

export class Identity {
  readonly #disk: Disk
  readonly #path: string
  #content: Content
  /** Writes go one after another: each stands on the one before. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, path: string, content: Content) {
    this.#disk = disk
    this.#path = path
    this.#content = content
  }

  /** Reads the folder's file, or makes folder and file. Throws a BrokerError when it is not this broker's folder. */
  static async open(disk: Disk, dataFolder: string, brokerId: number, cluster: string): Promise<Identity> {
    const path = `${dataFolder}/${fileName}`
    try {
      disk.mkdir(dataFolder)
      const bytes = readSmallFile(disk, path)
      if (bytes) return new Identity(disk, path, checked(path, bytes, brokerId, cluster))
      const identity = new Identity(disk, path, {
        formatVersion,
        brokerId,
        cluster,
        castleEpoch: 0,
        producerIdsBegun: -1,
      })
      await identity.#change({})
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

  raiseCastleEpoch(castleEpoch: number): Promise<void> {
    return castleEpoch > this.castleEpoch ? this.#change({ castleEpoch }) : this.#writing
  }

  beginProducerIds(producerIdsBegun: number): Promise<void> {
    return producerIdsBegun > this.producerIdsBegun ? this.#change({ producerIdsBegun }) : this.#writing
  }

  #change(change: Partial<Content>): Promise<void> {
    this.#content = { ...this.#content, ...change }
    const write = () =>
      replaceFile(this.#disk, this.#path, new TextEncoder().encode(`${JSON.stringify(this.#content, null, 2)}\n`))
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
      throw new Error('a number is missing')
    return { ...rest, castleEpoch, producerIdsBegun }
  } catch (error) {
    throw new BrokerError('DATA_FOLDER_UNUSABLE', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      next: 'Restore the file from a backup, or start this broker with an empty data folder: its replicas are copied again.',
    })
  }
}
