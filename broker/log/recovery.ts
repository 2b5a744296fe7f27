// Finding out what a log holds when a broker starts.
//
//   synced up to the checkpoint          written since, perhaps torn
//   |=============================|------------------------x?????|
//   sizes and first headers       every batch read and checked   cut, when no sound batch follows
//
// What was synced is trusted (each read checks it again); damage there is a fault (R9). After the checkpoint a kill or a
// power loss may have torn the last write: a damaged tail is cut, and only that. Damage with a sound batch behind it is a fault; when the
// machine has been up since, so is a last batch that is all there and wrong, or zeros in its place: a kill only cuts a write short.
// Producer state and leader epochs come from their files and the headers read on the way.
import { type BatchHeader, headerBytes } from '@castellan/protocol/records'
import type { LogContext, LogSettings } from './context.ts'
import { EpochHistory, type EpochsContent, newerEpochs } from './epochs.ts'
import { LogError } from './errors.ts'
import { type CheckpointContent, kinds } from './files.ts'
import { endOffsetOf, lengthOf, readOutline } from './outline.ts'
import { afterBatch, Producers, type ProducersContent } from './producers.ts'
import { type ScanEnd, scanBatches } from './scan.ts'
import { corrupt, offsetName, offsetOf, Segment } from './segment.ts'
import { SparseIndex } from './sparse-index.ts'
import { readStateFile } from './state-file.ts'
import { cutTornTail, removeSegment } from './torn-tail.ts'

export interface Recovered {
  /** At least one; the last one is appended to. */
  readonly segments: Segment[]
  readonly startOffset: number
  /** Everything below is synced. */
  readonly syncedOffset: number
  readonly epochs: EpochHistory
  readonly producers: Producers
  /** The checkpoint is not the whole truth any more. */
  readonly changed: boolean
}

/** Rejects with a LogError (LOG_CORRUPT, LOG_VERSION) when the log is out of use, or with what the disk says. Undefined: there is no log yet. */
export async function recoverLog(
  context: LogContext,
  folder: string,
  settings: LogSettings,
): Promise<Recovered | undefined> {
  const recovery = new Recovery(context, folder, settings)
  return recovery.run()
}

class Recovery {
  readonly #context: LogContext
  readonly #folder: string
  readonly #names: readonly string[]
  readonly #checkpoint: CheckpointContent | undefined
  readonly #epochs: EpochHistory
  readonly #knowsEpochs: boolean
  /** The log began there when its epochs were written down: a power loss may have taken the checkpoint that knew. */
  readonly #firstEpochOffset: number
  readonly #producers: Producers
  readonly #settings: LogSettings
  readonly #nowMs: number

  constructor(context: LogContext, folder: string, settings: LogSettings) {
    this.#context = context
    this.#folder = folder
    this.#settings = settings
    const { disk } = context
    this.#names = disk.list(folder)
    this.#checkpoint = readStateFile<CheckpointContent>(disk, `${folder}/checkpoint`, kinds.checkpoint)
    const epochs = newerEpochs(
      readStateFile<EpochsContent>(disk, `${folder}/epochs`, kinds.epochs),
      this.#checkpoint?.epochs,
    )
    this.#epochs = epochs === undefined ? new EpochHistory() : EpochHistory.from(epochs)
    this.#knowsEpochs = epochs !== undefined
    this.#firstEpochOffset = this.#epochs.startOffset
    this.#producers = new Producers(settings.producersMax)
    this.#nowMs = context.clock.wallMs()
  }

  async run(): Promise<Recovered | undefined> {
    for (const name of this.#names) if (name.endsWith('.tmp')) this.#context.disk.remove(`${this.#folder}/${name}`)
    const segments = this.#segments()
    if (segments.length === 0) {
      if (this.#epochs.highest < 0) return undefined
      throw new LogError('LOG_CORRUPT', `${this.#folder}: its segments are missing`)
    }
    const sizes = segments.map(({ path }) => this.#context.files.get(path).size())
    await this.#checkKnown(segments, sizes)
    const cutBytes = await this.#scan(segments, sizes)
    const active = segments.at(-1)!
    active.index ??= new SparseIndex(this.#settings.indexIntervalBytes)
    this.#epochs.truncateEnd(active.endOffset)
    this.#removeSnapshotsAbove(active.endOffset)
    const startOffset = Math.min(
      Math.max(this.#checkpoint?.startOffset ?? segments[0]!.baseOffset, this.#firstEpochOffset),
      active.endOffset,
    )
    const syncedOffset = this.#checkpoint?.endOffset ?? segments[0]!.baseOffset
    return {
      segments,
      startOffset,
      syncedOffset,
      epochs: this.#epochs,
      producers: this.#producers,
      changed: this.#checkpoint === undefined || active.endOffset !== syncedOffset || cutBytes > 0,
    }
  }

  /** Those of the checkpoint, then those that the files tell of. Left-overs of a deletion go. */
  #segments(): Segment[] {
    const known = (this.#checkpoint?.segments ?? []).map((content) => Segment.from(this.#folder, content))
    const last = known.at(-1)
    if (last !== undefined && this.#checkpoint !== undefined) last.index = SparseIndex.from(this.#checkpoint.index)
    const onDisk = this.#names.map((name) => offsetOf(name, 'log')).filter((offset) => offset !== undefined)
    const missing = known.find(({ baseOffset }) => !onDisk.includes(baseOffset))
    if (missing !== undefined) throw corrupt(missing, 'the file is missing')
    for (const baseOffset of onDisk) {
      if (last === undefined || baseOffset > last.baseOffset) {
        const segment = new Segment(this.#folder, baseOffset)
        segment.index = new SparseIndex(this.#settings.indexIntervalBytes)
        known.push(segment)
      } else if (baseOffset < known[0]!.baseOffset) {
        removeSegment(this.#context, new Segment(this.#folder, baseOffset))
      }
    }
    return known
  }

  /** What was synced must be there: all of it, and beginning as it should. */
  async #checkKnown(segments: readonly Segment[], sizes: readonly number[]): Promise<void> {
    const count = this.#checkpoint?.segments.length ?? 0
    for (const [index, segment] of segments.slice(0, count).entries()) {
      const size = sizes[index]!
      if (size < segment.bytes) throw corrupt(segment, `it has ${size} bytes, ${segment.bytes} were written and synced`)
      if (size > segment.bytes && index < count - 1)
        throw corrupt(segment, `it has ${size} bytes, but was closed with ${segment.bytes}`)
      if (segment.bytes === 0) continue
      const header = new Uint8Array(headerBytes)
      const length = await this.#context.files.during(segment.path, (file) => file.readAsync(header, 0))
      const outline = length === headerBytes ? readOutline(header, 0) : undefined
      if (outline?.baseOffset !== segment.baseOffset) throw corrupt(segment, 'it does not begin with its first batch')
    }
  }

  /** Reads what has to be read, and cuts a torn tail. Returns the bytes cut. */
  async #scan(segments: Segment[], sizes: number[]): Promise<number> {
    const snapshots = this.#names.map((name) => offsetOf(name, 'producers')).filter((offset) => offset !== undefined)
    const from = this.#scanFrom(segments, snapshots)
    const { counters } = this.#context
    counters.recoveryBytes += sizes.slice(from.index).reduce((sum, size) => sum + size, -from.position)
    let offset = from.offset
    this.#producers.forgetAll(offset > 0)
    for (let index = from.index; index < segments.length; index++) {
      const segment = segments[index]!
      const range = { position: index === from.index ? from.position : 0, endPosition: sizes[index]!, offset }
      const end =
        segment.baseOffset > offset ? gap(offset, segment) : await this.#scanSegment(segment, range, snapshots)
      offset = end.offset
      if (end.problem === null) continue
      this.#loadSnapshot(offset, snapshots)
      return this.#cut(segments, sizes, index, end)
    }
    this.#loadSnapshot(offset, snapshots)
    return 0
  }

  /** At the checkpoint; earlier when producers or epochs have to be learned from the batches before. */
  #scanFrom(
    segments: readonly Segment[],
    snapshots: readonly number[],
  ): { index: number; position: number; offset: number } {
    const checkpoint = this.#checkpoint
    if (
      checkpoint !== undefined &&
      this.#knowsEpochs &&
      snapshots.includes(checkpoint.endOffset) &&
      this.#snapshot(checkpoint.endOffset)
    ) {
      const index = checkpoint.segments.length - 1
      return { index, position: segments[index]!.bytes, offset: checkpoint.endOffset }
    }
    return { index: 0, position: 0, offset: segments[0]!.baseOffset }
  }

  #scanSegment(
    segment: Segment,
    range: { position: number; endPosition: number; offset: number },
    snapshots: readonly number[],
  ): Promise<ScanEnd> {
    const onBatch = (header: BatchHeader, position: number) => {
      // It has its checksum, which does not cover the epoch: what is wrong with that is damage, never a torn write.
      const problem = this.#epochs.problemAtEnd(header.partitionLeaderEpoch, endOffsetOf(header) - 1, this.#knowsEpochs)
      if (problem !== undefined) throw corrupt(segment, problem)
      this.#loadSnapshot(header.baseOffset, snapshots)
      this.#learn(header)
      this.#context.counters.recoveredBytes += lengthOf(header)
      if (position === segment.bytes)
        segment.note(header.baseOffset, endOffsetOf(header), lengthOf(header), header.maxTimestamp, this.#nowMs)
      return undefined
    }
    return this.#context.files.during(segment.path, (file) => scanBatches(file, range, onBatch))
  }

  #learn(header: BatchHeader): void {
    this.#epochs.assign(header.partitionLeaderEpoch, header.baseOffset)
    if (header.producerId < 0) return
    const state = afterBatch(
      this.#producers.get(header.producerId),
      header,
      header.baseOffset,
      header.maxTimestamp,
      this.#nowMs,
    )
    this.#producers.set(header.producerId, state)
  }

  /** A snapshot as of just this offset knows more than the batches: also producers whose batches are gone. */
  #loadSnapshot(offset: number, snapshots: readonly number[]): void {
    const content = snapshots.includes(offset) ? this.#snapshot(offset) : undefined
    if (content !== undefined) this.#producers.load(content)
  }

  #snapshot(offset: number): ProducersContent | undefined {
    return readStateFile<ProducersContent>(
      this.#context.disk,
      `${this.#folder}/${offsetName(offset)}.producers`,
      kinds.producers,
    )
  }

  /** What they describe was lost; another record will stand at their offset. */
  #removeSnapshotsAbove(endOffset: number): void {
    for (const name of this.#names) {
      if ((offsetOf(name, 'producers') ?? 0) > endOffset) this.#context.disk.remove(`${this.#folder}/${name}`)
    }
  }

  async #cut(segments: Segment[], sizes: readonly number[], index: number, end: ScanEnd): Promise<number> {
    if (end.offset < (this.#checkpoint?.endOffset ?? 0))
      throw corrupt(segments[index]!, `${end.problem}, in what was synced`)
    return cutTornTail(this.#context, segments, sizes, index, end)
  }
}

function gap(offset: number, segment: Segment): ScanEnd {
  return {
    position: 0,
    offset,
    problem: `offsets ${offset} to ${segment.baseOffset - 1} are missing before ${segment.path}`,
  }
}
