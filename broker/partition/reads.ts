// Reading a partition that this broker leads: what may be seen (R3), by whom (KIP-320), and what a disk's bad answer means (R9).
import { errors } from '@castellan/protocol'
import { batchStarts } from '@castellan/protocol/records'
import { systemCode } from '../errors.ts'
import { LogError } from '../log/errors.ts'
import type { Log } from '../log/log.ts'
import { readOutline } from '../log/outline.ts'
import type { ReadRoom, TimestampPlace } from '../log/reader.ts'
import { emptyRead, type ReadResult, type TimestampOffset, unknownTimestamp } from './results.ts'
import { leading, type PartitionState, toldHighWatermark } from './state.ts'

const scanBytes = 1024 * 1024

export class Reads {
  readonly #state: PartitionState
  readonly #onDamage: (error: LogError) => void

  /** `onDamage`: the log is not what was written, or cannot be read. */
  constructor(state: PartitionState, onDamage: (error: LogError) => void) {
    this.#state = state
    this.#onDamage = onDamage
  }

  /** As Partition.read. */
  read(offset: number, maxBytes: number, currentLeaderEpoch: number, asFollower = false): ReadResult {
    const log = this.#readable(offset, currentLeaderEpoch, asFollower)
    if ('errorCode' in log) return log
    const memory = log.readMemory(offset, maxBytes, this.#limit(log, asFollower))
    if (memory === undefined) return { ...emptyRead(0, toldHighWatermark(this.#state), log.startOffset), cold: true }
    return this.#result(log, memory.chunks, memory.bytes, memory.release)
  }

  /** As Partition.readCold. */
  async readCold(
    offset: number,
    maxBytes: number,
    currentLeaderEpoch: number,
    room?: ReadRoom,
    asFollower = false,
  ): Promise<ReadResult> {
    const log = this.#readable(offset, currentLeaderEpoch, asFollower)
    if ('errorCode' in log) return log
    try {
      const { bytes, release } = await log.readFile(offset, maxBytes, this.#limit(log, asFollower), room)
      // The world may have moved on meanwhile.
      const now = this.#readable(offset, currentLeaderEpoch, asFollower)
      if (!('errorCode' in now)) return this.#result(log, bytes.length > 0 ? [bytes] : [], bytes.length, release)
      release()
      return now
    } catch (error) {
      return emptyRead(this.#failedRead(log, error))
    }
  }

  /** Followers need what is not replicated yet; consumers must not see it (R3). */
  #limit(log: Log, asFollower: boolean): number {
    return asFollower ? log.endOffset : this.#state.highWatermark
  }

  /** The log to read from, or the whole answer when there is nothing to read. */
  #readable(offset: number, currentLeaderEpoch: number, asFollower: boolean): Log | ReadResult {
    const log = leading(this.#state)
    if ('kind' in log) return emptyRead(log.errorCode)
    const { leaderEpoch } = this.#state
    const highWatermark = toldHighWatermark(this.#state)
    if (asFollower && currentLeaderEpoch < 0) return emptyRead(errors.UNKNOWN_LEADER_EPOCH.code)
    // KIP-320: a reader that believes in another epoch must ask for metadata first.
    if (currentLeaderEpoch >= 0 && currentLeaderEpoch < leaderEpoch) return emptyRead(errors.FENCED_LEADER_EPOCH.code)
    if (currentLeaderEpoch > leaderEpoch) return emptyRead(errors.UNKNOWN_LEADER_EPOCH.code)
    if (offset < log.startOffset || offset > log.endOffset) {
      return emptyRead(errors.OFFSET_OUT_OF_RANGE.code, highWatermark, log.startOffset)
    }
    return offset < this.#limit(log, asFollower) ? log : emptyRead(0, highWatermark, log.startOffset)
  }

  #result(log: Log, chunks: readonly Uint8Array[], bytes: number, release: () => void): ReadResult {
    let held = true
    const releaseOnce = () => {
      if (held) release()
      held = false
    }
    return {
      errorCode: 0,
      chunks,
      bytes,
      highWatermark: toldHighWatermark(this.#state),
      startOffset: log.startOffset,
      cold: false,
      release: releaseOnce,
    }
  }

  /** Kafka's error code for what a read from disk ended with. Damage puts the partition out of use (R9). */
  #failedRead(log: Log, error: unknown): number {
    if (!(error instanceof LogError)) throw error
    // The replica left meanwhile; where its files were, those of its next life may stand, which are not damaged.
    if (log.isAbandoned) return errors.NOT_LEADER_OR_FOLLOWER.code
    const { context, topic, index } = this.#state
    // A shortage (of open files, of memory) passes; a disk that cannot read does not.
    if (error.code === 'LOG_CORRUPT' || systemCode(error.cause) === 'EIO') this.#onDamage(error)
    else context.log.warn({ topic: topic, partition: index, error }, 'cannot read')
    return errors.KAFKA_STORAGE_ERROR.code
  }

  /** Asks the log, when this replica leads. */
  async find(find: (log: Log) => Promise<TimestampPlace | undefined>): Promise<TimestampOffset | null> {
    const log = leading(this.#state)
    if ('kind' in log) return unknownTimestamp(log.errorCode)
    try {
      const found = await find(log)
      return found === undefined ? null : { errorCode: 0, ...found }
    } catch (error) {
      return unknownTimestamp(this.#failedRead(log, error))
    }
  }

  /** As Partition.batches. */
  async *batches(): AsyncGenerator<Uint8Array, void, void> {
    const { highWatermark: end, leaderEpoch, log } = this.#state
    for (let offset = log?.startOffset ?? end; offset < end; ) {
      const hot = this.read(offset, scanBytes, leaderEpoch)
      const read = hot.cold ? await this.readCold(offset, scanBytes, leaderEpoch) : hot
      try {
        if (read.bytes === 0)
          throw new LogError('LOG_DISK', `offset ${offset} cannot be read: Kafka error ${read.errorCode}`)
        for (const chunk of read.chunks) {
          for (const at of batchStarts(chunk)) {
            const { endOffset, length } = readOutline(chunk, at)!
            offset = endOffset
            if (offset <= end) yield chunk.subarray(at, at + length)
          }
        }
      } finally {
        read.release()
      }
    }
  }
}
