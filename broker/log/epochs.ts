// The history of leader epochs of one log: at which offset each one began (KIP-101, KIP-279).
//
//   epoch   0        2             5
//           |--------|-------------|------->  log end
//   offset  0        40            100
//
// Truncation goes by it (R5): a follower asks where the leader's copy of its last epoch ends.

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export interface EpochsContent {
  /** The highest epoch ever known here: also when no record of it is left. */
  readonly highest: number
  readonly entries: readonly (readonly [epoch: number, startOffset: number])[]
}

/** Elections whose epochs a power loss can have taken from their file, at most; a flipped bit is mostly more. */
const newEpochsMax = 65_536

/** The one that knows more; undefined: there is neither. */
export function newerEpochs(
  one: EpochsContent | undefined,
  other: EpochsContent | undefined,
): EpochsContent | undefined {
  return one === undefined || (other !== undefined && other.highest > one.highest) ? other : one
}

export class EpochHistory {
  /** Both fields rise from entry to entry. */
  #entries: EpochStart[] = []
  #highest = -1

  static from(content: EpochsContent): EpochHistory {
    const history = new EpochHistory()
    for (const [epoch, startOffset] of content.entries) history.assign(epoch, startOffset)
    history.#highest = Math.max(history.#highest, content.highest)
    return history
  }

  get content(): EpochsContent {
    return {
      highest: this.#highest,
      entries: this.#entries.map(({ epoch, startOffset }) => [epoch, startOffset] as const),
    }
  }

  /** The highest epoch ever known here; -1: none. A process leads only at a higher one (R5). */
  get highest(): number {
    return this.#highest
  }

  /** The epoch of the records at the log's end; undefined: none is known. */
  get last(): EpochStart | undefined {
    return this.#entries.at(-1)
  }

  /** Notes that `epoch` begins at `startOffset`. True when that is news. */
  assign(epoch: number, startOffset: number): boolean {
    const last = this.#entries.at(-1)
    if (last !== undefined && epoch <= last.epoch) return false
    // Epochs without a record are no history: the new one takes their place.
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= startOffset) this.#entries.pop()
    this.#entries.push({ epoch, startOffset })
    this.#highest = Math.max(this.#highest, epoch)
    return true
  }

  /** Where the first epoch that is known begins; 0: none is. */
  get startOffset(): number {
    return this.#entries[0]?.startOffset ?? 0
  }

  /** The epoch of the record at `offset`; -1: before all that is known. */
  epochAt(offset: number): number {
    return this.#entries.findLast(({ startOffset }) => startOffset <= offset)?.epoch ?? -1
  }

  /** What is wrong with a batch that says `epoch` and ends with the record at `lastOffset`: its CRC does not cover that field. */
  problemWith(epoch: number, lastOffset: number): string | undefined {
    const known = this.epochAt(lastOffset)
    return known < 0 || known === epoch
      ? undefined
      : `the batch that ends with offset ${lastOffset} has leader epoch ${epoch}, not ${known}`
  }

  /**
   * As `problemWith`, of the batch that the log ends with so far: an epoch above that of the records before is news, for a kill or a power
   * loss may have left this history older than the batch. (Below the highest known, too: that one may have been led without a record.)
   * `isWritten`: the history was found on disk.
   */
  problemAtEnd(epoch: number, lastOffset: number, isWritten: boolean): string | undefined {
    const { highest, last } = this
    const isNews = epoch > (last?.epoch ?? highest) && lastOffset >= (last?.startOffset ?? 0)
    if (!isNews) return this.problemWith(epoch, lastOffset)
    if (!isWritten || epoch <= highest + newEpochsMax) return undefined
    return `the batch that ends with offset ${lastOffset} has leader epoch ${epoch}, and ${highest} is the highest known`
  }

  /**
   * Where the largest epoch that is not above `epoch` ends. Unknown (-1, -1) for an epoch above all that are known; when all known
   * ones are above it, the log holds nothing of it before the first one's start.
   */
  endOf(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } {
    const after = this.#entries.findIndex((entry) => entry.epoch > epoch)
    const next = this.#entries[after]
    if (next === undefined) {
      return this.#entries.at(-1)?.epoch === epoch ? { epoch, endOffset: logEndOffset } : { epoch: -1, endOffset: -1 }
    }
    return { epoch: this.#entries[after - 1]?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** Forgets what begins at or above `endOffset`, the log's new end; the highest epoch stays known. True: there was such. */
  truncateEnd(endOffset: number): boolean {
    const before = this.#entries.length
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= endOffset) this.#entries.pop()
    return this.#entries.length < before
  }

  /** Forgets what ended at or before `startOffset`, the log's new start. */
  truncateStart(startOffset: number): void {
    let index = this.#entries.findLastIndex((entry) => entry.startOffset <= startOffset)
    if (index < 0) return
    const first = this.#entries[index]!
    // What is left of the epoch at the start begins there.
    this.#entries[index] = { epoch: first.epoch, startOffset }
    while (index-- > 0) this.#entries.shift()
  }
}
