// The log of one partition of __consumer_offsets: where the state of its groups is kept (R11). What was not written
// there is told to nobody, neither as done nor as seen.
//
//   0 ...... old changes ...... | begin | snapshot, and changes among it | end | changes ...
//                               '- after "end", the log is cut before this
//
// Records are written at Ack -1. While the ISR is smaller than min.insync.replicas (R6), what is in the log waits for the high
// watermark, and what is not waits here, in order, until it is taken: members wait for their answers, and nobody has to read
// the log again.
//
// It stays short: when it has grown by so much, all live state is written again, a bounded piece at a time, and what
// was before is deleted. The newest record of a key counts, so changes may come in between.
import { errors } from '@castellan/protocol'
import { BatchBuilder, iterateRecords, type RecordInput, recordBytesMax } from '@castellan/protocol/records'
import type { Clock, Timer } from '@castellan/protocol/runtime'
import type { AppendResult, Partition } from '../partition/index.ts'
import { GroupLogError } from './errors.ts'
import { beginRecord, decodeEntry, encodeChange, endRecord } from './format.ts'
import type { Change } from './state/group.ts'

/** Well below max.message.bytes, and little enough to be written between other requests. */
const batchBytesMax = 256 * 1024
/** Reading a log lets other work go on after so many bytes. */
const breathBytes = 1024 * 1024
/** What waits for replicas to come back is tried again so often, and is so much at most: beyond it the shard begins anew. */
const heldEveryMs = 50
const heldBytesMax = 16 * 1024 * 1024

export interface GroupLogOptions {
  readonly clock: Clock
  /** A snapshot is due when the log has grown by so many bytes, and by twice what the last one took. */
  readonly snapshotBytes: number
  /** A write failed: what is in memory is ahead of the log, and must be read again. Called once. */
  onFailure(errorCode: number): void
}

interface Write {
  readonly records: Uint8Array
  /** Where it stands in the log; not called where that is not told (the ISR shrank while it waited). */
  readonly onPlaced: ((baseOffset: number) => void) | undefined
  readonly done: (errorCode: number) => void
}

export class GroupLog {
  readonly #partition: Partition
  readonly #options: GroupLogOptions
  readonly #leaderEpoch: number
  #pending = 0
  /** Refused for want of replicas, in order: none of it is in the log. */
  #held: Write[] = []
  #heldBytes = 0
  #heldTimer: Timer | undefined
  /** Settles with the newest write, and so after all of them: they end in order. */
  #tail: Promise<number> = Promise.resolve(0)
  /** Kafka's code of the first write that failed; 0: none did. */
  #failure = 0
  #closed = false
  #bytes = 0
  #snapshotDueBytes: number
  #snapshotting = false

  constructor(partition: Partition, options: GroupLogOptions) {
    this.#partition = partition
    this.#leaderEpoch = partition.leaderEpoch
    this.#options = options
    this.#snapshotDueBytes = options.snapshotBytes
  }

  /** Nothing more is written or answered. */
  close(): void {
    this.#closed = true
    this.#heldTimer?.cancel()
    for (const { done } of this.#takeHeld()) done(errors.NOT_LEADER_OR_FOLLOWER.code)
  }

  /** Writes that have not ended yet. */
  get pending(): number {
    return this.#pending
  }

  /** Every change in the log, from the first on. Throws a GroupLogError, or a LogError of the partition, when it cannot be used. */
  async read(onChange: (groupId: string, change: Change) => void): Promise<void> {
    // An earlier leader's last records become readable when the high watermark reaches them (R3).
    const { startOffset, endOffset } = this.#partition
    await this.#readableTo(endOffset)
    const cut = startOffset > 0
    let nextOffset = startOffset
    let begun = false
    let ended = false
    let sinceBreath = 0
    const told = new Set<string>()
    for await (const batch of this.#partition.batches()) {
      this.#checkOpen()
      for (const record of iterateRecords(batch, 0)) {
        const entry = decodeEntry(record)
        if (entry.kind === 'begin') begun = true
        else if (entry.kind === 'end') ended = begun
        else if (cut && !begun) throw cutWrongly(record.offset)
        else if (!cut || ended || !isAhead(told, entry.groupId, entry.change)) onChange(entry.groupId, entry.change)
        nextOffset = record.offset + 1
      }
      this.#bytes += batch.length
      sinceBreath += batch.length
      if (sinceBreath < breathBytes) continue
      sinceBreath = 0
      await new Promise<void>((resolve) => this.#options.clock.soon(resolve))
    }
    this.#checkOpen()
    if (nextOffset < endOffset) {
      throw new GroupLogError('GROUP_LOG_DAMAGED', `the group log ended at offset ${nextOffset}, not ${endOffset}`)
    }
    if (cut && !ended) throw cutWrongly(startOffset)
  }

  /**
   * Appends the changes of one step, as one batch where they fit. Resolves to 0 when they, and all that was appended before, are durable:
   * then what they led to may be told. Otherwise to Kafka's error code.
   */
  append(groupId: string, changes: readonly Change[]): Promise<number> {
    if (changes.length === 0) return this.durable()
    return this.#append(this.#batchesOf(changes.map((change) => encodeChange(groupId, change))))
  }

  /** As `append` of nothing: resolves when all that was appended until now is durable. */
  durable(): Promise<number> {
    return this.#pending > 0 ? this.#tail : Promise.resolve(this.#failure)
  }

  get isSnapshotDue(): boolean {
    return this.#bytes >= this.#snapshotDueBytes && !this.#snapshotting && this.#failure === 0 && !this.#closed
  }

  /** Writes a snapshot of `states` (each a group's records, made when they are written), then deletes what was before it. */
  async snapshot(states: Iterable<{ groupId: string; changes: readonly Change[] }>): Promise<void> {
    this.#snapshotting = true
    this.#bytes = 0
    let beginOffset = -1
    const write = async (records: readonly RecordInput[]) => {
      const errorCode = await this.#append(this.#batchesOf(records), (baseOffset) => {
        if (beginOffset < 0) beginOffset = baseOffset
      })
      return errorCode === 0 && !this.#closed
    }
    try {
      if (!(await write([beginRecord]))) return
      for (const { groupId, changes } of states) {
        if (!(await write(changes.map((change) => encodeChange(groupId, change))))) return
      }
      if (!(await write([endRecord])) || beginOffset < 0) return
      // What came in between counts as well: too much is better than to write snapshots all the time.
      this.#snapshotDueBytes = Math.max(this.#options.snapshotBytes, 2 * this.#bytes)
      await this.#partition.deleteBefore(beginOffset)
    } finally {
      this.#snapshotting = false
    }
  }

  #append(batches: readonly Uint8Array[], onPlaced?: (baseOffset: number) => void): Promise<number> {
    const records = batches.length === 1 ? batches[0]! : Buffer.concat(batches)
    this.#bytes += records.length
    this.#pending++
    this.#tail = new Promise((resolve) => {
      const done = (errorCode: number) => {
        this.#pending--
        if (errorCode !== 0) this.#fail(errorCode)
        resolve(this.#failure)
      }
      const write = { records, onPlaced, done }
      // Nothing overtakes what waits.
      if (this.#held.length > 0) this.#hold(write)
      else this.#write(write)
    })
    return this.#tail
  }

  #write(write: Write): void {
    this.#partition.append(write.records, null, -1, (result) => this.#written(write, result))
  }

  #written(write: Write, { errorCode, baseOffset }: AppendResult): void {
    if (errorCode === errors.NOT_ENOUGH_REPLICAS.code) return this.#hold(write)
    if (errorCode === errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code) return void this.#awaitReplicas(write)
    if (errorCode === 0) write.onPlaced?.(baseOffset)
    write.done(errorCode)
  }

  #hold(write: Write): void {
    if (this.#closed) return write.done(errors.NOT_LEADER_OR_FOLLOWER.code)
    if (this.#heldBytes + write.records.length > heldBytesMax) return write.done(errors.NOT_ENOUGH_REPLICAS.code)
    this.#held.push(write)
    this.#heldBytes += write.records.length
    this.#heldTimer ??= this.#options.clock.after(heldEveryMs, () => {
      this.#heldTimer = undefined
      // The first one is refused again where nothing has changed, and the others line up behind it.
      for (const held of this.#takeHeld()) {
        if (this.#held.length > 0) this.#hold(held)
        else this.#write(held)
      }
    })
  }

  #takeHeld(): Write[] {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  /** It is in the log, and stands there unless another leads. */
  async #awaitReplicas(write: Write): Promise<void> {
    await this.#readableTo(this.#partition.endOffset)
    const { isLeader, leaderEpoch } = this.#partition
    const isOurs = !this.#closed && isLeader && leaderEpoch === this.#leaderEpoch
    write.done(isOurs ? 0 : errors.NOT_LEADER_OR_FOLLOWER.code)
  }

  #fail(errorCode: number): void {
    if (this.#failure !== 0) return
    this.#failure = errorCode
    this.#options.onFailure(errorCode)
  }

  /** Batches of at most `batchBytesMax`, where no record alone is longer. */
  #batchesOf(records: readonly RecordInput[]): Uint8Array[] {
    const timestamp = this.#options.clock.wallMs()
    const batches: Uint8Array[] = []
    let builder = new BatchBuilder()
    for (const { key, value } of records) {
      const record = { key: key ?? null, value: value ?? null, timestamp }
      if (builder.recordCount > 0 && builder.bytes + recordBytesMax(record) > batchBytesMax) {
        batches.push(builder.build())
        builder = new BatchBuilder()
      }
      builder.append(record)
    }
    if (builder.recordCount > 0) batches.push(builder.build())
    return batches
  }

  /** Resolves when the high watermark has come so far, or it will not under this leader. */
  async #readableTo(endOffset: number): Promise<void> {
    const isReadable = () => {
      const { highWatermark, isLeader, leaderEpoch } = this.#partition
      return this.#closed || highWatermark >= endOffset || !isLeader || leaderEpoch !== this.#leaderEpoch
    }
    if (isReadable()) return
    await new Promise<void>((resolve) => {
      const stop = this.#partition.watch(() => {
        if (!isReadable()) return
        stop()
        resolve()
      })
    })
  }

  #checkOpen(): void {
    if (this.#closed) throw new GroupLogError('GROUP_LOG_CLOSED', 'the group log was closed while it was read')
  }
}

function cutWrongly(offset: number): GroupLogError {
  return new GroupLogError(
    'GROUP_LOG_DAMAGED',
    `the group log was cut at offset ${offset}, which no snapshot begins at`,
  )
}

/** Changes come in among a snapshot, also of a member that it has not told yet: it will, as that is by then. */
function isAhead(told: Set<string>, groupId: string, change: Change): boolean {
  if (change.kind === 'group' || change.kind === 'offset') return false
  const member = `${groupId}\n${change.memberId}`
  if (change.kind === 'member') told.add(member)
  return !told.has(member)
}
