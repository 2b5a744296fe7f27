// Where batches of a segment stand, by offset and by time: one entry per so many bytes.
//
//   position   0            4,096          8,200
//   batch      |0..9|10..19 |20..24|25..60 |61..80|
//   entry      offset 0     offset 20      offset 61     each with the highest timestamp before it
//
// Memory is bounded: when the entries reach their limit every second one goes and the spacing doubles. A search reads
// headers from the entry before on, at most two spacings. One file for both uses, written when the segment is closed or
// checkpointed: appends cost no second system call.

export interface IndexEntry {
  readonly offset: number
  readonly position: number
}

export interface IndexContent {
  /** The index holds for the segment's first bytes, up to here. */
  readonly bytes: number
  readonly spacingBytes: number
  readonly offsets: readonly number[]
  readonly positions: readonly number[]
  readonly timestampsBefore: readonly number[]
}

const entriesMax = 512

export class SparseIndex {
  #spacingBytes: number
  #offsets: number[] = []
  #positions: number[] = []
  /** The highest timestamp of all batches before the entry. */
  #timestampsBefore: number[] = []

  constructor(spacingBytes: number) {
    // At least 1, so that doubling it helps.
    this.#spacingBytes = Math.max(1, spacingBytes)
  }

  static from(content: IndexContent): SparseIndex {
    const index = new SparseIndex(content.spacingBytes)
    index.#offsets = [...content.offsets]
    index.#positions = [...content.positions]
    index.#timestampsBefore = [...content.timestampsBefore]
    return index
  }

  content(bytes: number): IndexContent {
    const { length } = this.#offsets
    return {
      bytes,
      spacingBytes: this.#spacingBytes,
      offsets: this.#offsets.slice(0, length),
      positions: this.#positions.slice(0, length),
      timestampsBefore: this.#timestampsBefore.slice(0, length),
    }
  }

  /** Offers a batch; it is noted when it is far enough from the last one. */
  add(offset: number, position: number, timestampBefore: number): void {
    const { length } = this.#positions
    if (length > 0 && position - this.#positions[length - 1]! < this.#spacingBytes) return
    this.#offsets.push(offset)
    this.#positions.push(position)
    this.#timestampsBefore.push(timestampBefore)
    if (length + 1 > entriesMax) this.#thin()
  }

  #thin(): void {
    const even = (_: number, index: number) => index % 2 === 0
    this.#offsets = this.#offsets.filter(even)
    this.#positions = this.#positions.filter(even)
    this.#timestampsBefore = this.#timestampsBefore.filter(even)
    this.#spacingBytes *= 2
  }

  /** The last noted batch that begins at or before `offset`; undefined: search from the segment's start. */
  atOffset(offset: number): IndexEntry | undefined {
    return this.#entry(lastNotAbove(this.#offsets, offset))
  }

  /** A noted batch before which every timestamp is below `timestampMs`: the first one that is not is there or behind it. */
  atTimestamp(timestampMs: number): IndexEntry | undefined {
    return this.#entry(lastNotAbove(this.#timestampsBefore, timestampMs - 1))
  }

  #entry(index: number): IndexEntry | undefined {
    return index < 0 ? undefined : { offset: this.#offsets[index]!, position: this.#positions[index]! }
  }
}

/** The index of the last of the rising `values` that is at most `limit`; -1: none. */
function lastNotAbove(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
