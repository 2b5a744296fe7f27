// One Fetch on its way: reads what there are news of, until that is enough to answer.
//
//   read the news --enough, or an error, or no wait--> answer
//        ^        '--- not enough --> wait until there are more, or max wait has passed
//        '-----------------------------------'
//
//   - The first batch is answered even when it is larger than every limit, so that a reader gets on (KIP-74).
//   - Cold data is read off the loop; other requests go on meanwhile, answers keep their order. It takes memory that all
//     fetches share (ResponseMemory): without room for it, a fetch that holds nothing waits its turn, and one that holds
//     something answers that.
import type { FetchRequest, FetchResponseInput } from '@castellan/protocol'
import type { Timer } from '@castellan/protocol/runtime'
import type { EpochEnd, ReadResult } from '../../partition/index.ts'
import { emptyRead } from '../../partition/results.ts'
import type { ResponseRoom } from '../../server/response-memory.ts'
import type { RequestContext } from '../handler.ts'
import { answerOf } from './answer.ts'
import { type FetchSession, noSession, type Waiter } from './session.ts'
import type { Slot } from './slot.ts'

/** What was read of one partition. */
export interface SlotRead {
  readonly slot: Slot
  /** The question that it answers. */
  readonly asked: Slot['asked']
  readonly result: ReadResult
  readonly divergingEpoch: EpochEnd | null
}

export class Fetching implements Waiter {
  readonly #request: FetchRequest
  readonly #context: RequestContext
  readonly #session: FetchSession
  /** The answer names every partition, not only those with news. */
  readonly #isWhole: boolean
  readonly #resolve: (response: FetchResponseInput) => void
  readonly #reject: (error: unknown) => void
  readonly #maxBytes: number
  /** Of this round: what is to be read, and what was. */
  #news: Slot[] = []
  #reads: SlotRead[] = []
  #bytes = 0
  /** Something is to be told at once: an error, or a diverging epoch. */
  #isUrgent = false
  #mayWait: boolean
  #state: 'reading' | 'queued' | 'waiting' | 'woken' | 'over' = 'reading'
  #isAbandoned = false
  #isWatching = false
  #isWatchingAbandon = false
  /** Of what is read from files; null: nothing was. */
  #room: ResponseRoom | null = null
  /** While 'queued'. */
  #turn: { cancel(): void } | null = null
  #timer: Timer | null = null

  constructor(
    request: FetchRequest,
    context: RequestContext,
    opened: { readonly session: FetchSession; readonly isWhole: boolean },
    resolve: (response: FetchResponseInput) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request
    this.#context = context
    this.#session = opened.session
    this.#isWhole = opened.isWhole
    this.#resolve = resolve
    this.#reject = reject
    this.#maxBytes = Math.min(request.maxBytes, context.broker.config.fetchMaxBytes)
    this.#mayWait = request.maxWaitMs > 0
  }

  start(): void {
    this.#session.waiter = this
    this.#readNews()
  }

  // ---------------------------------------------------------------- reading

  #readNews(): void {
    this.#state = 'reading'
    this.#news = this.#session.takeNews()
    this.#read(0)
  }

  #read(from: number): void {
    for (let i = from; i < this.#news.length; i++) {
      const slot = this.#news[i]!
      // The session let go of it while a fetch was reading: else its old question would be answered for ever, beside the new one.
      if (slot.isClosed) continue
      const divergingEpoch = slot.divergence(this.#context.broker)
      const hasRoom = divergingEpoch === null && !this.#isFull
      const result = slot.read(this.#context.broker, hasRoom ? this.#limit(slot) : -1)
      if (result.cold) return void this.#readCold(i)
      this.#take(slot, result, divergingEpoch)
    }
    this.#decide()
  }

  get #isFull(): boolean {
    return this.#bytes > 0 && this.#bytes >= this.#maxBytes
  }

  async #readCold(i: number): Promise<void> {
    const slot = this.#news[i]!
    try {
      this.#room ??= this.#context.room
      const room = this.#room
      const result = await slot.readCold(this.#limit(slot), room)
      const lackingBytes = room.endRead()
      const mayQueue = this.#bytes === 0 && !this.#isUrgent && !this.#isAbandoned
      if (lackingBytes > 0 && mayQueue) return this.#queue(room, i, lackingBytes)
      this.#take(slot, result, null)
      if (lackingBytes > 0) {
        this.#isUrgent = true // what is there now is all for now
        this.#session.list(slot)
      }
      this.#read(i + 1)
    } catch (error) {
      this.#end()
      this.#releaseAll()
      this.#reject(error)
    }
  }

  /** Waits, however long the request would, until there is memory to read a partition into; so nobody is passed over for ever. */
  #queue(room: ResponseRoom, i: number, bytes: number): void {
    this.#state = 'queued'
    this.#turn = room.wait(bytes, () => this.#readQueued(i))
    this.#watchAbandon()
  }

  #readQueued(i: number): void {
    this.#turn = null
    this.#state = 'reading'
    void this.#readCold(i)
  }

  #limit({ asked }: Slot): number {
    return Math.max(0, Math.min(asked.partitionMaxBytes, this.#maxBytes - this.#bytes))
  }

  /** Only the first batch of an answer may be larger than the limits. */
  #take(slot: Slot, result: ReadResult, divergingEpoch: EpochEnd | null): void {
    const { asked } = slot
    if (this.#bytes > 0 && this.#bytes + result.bytes > this.#maxBytes) {
      result.release()
      const rest = emptyRead(0, result.highWatermark, result.startOffset)
      this.#reads.push({ slot, asked, result: rest, divergingEpoch })
      this.#session.list(slot)
      return
    }
    // Not read for want of room.
    if (this.#isFull) this.#session.list(slot)
    this.#reads.push({ slot, asked, result, divergingEpoch })
    this.#bytes += result.bytes
    if (result.errorCode !== 0 || divergingEpoch) this.#isUrgent = true
  }

  // ---------------------------------------------------------------- waiting

  #decide(): void {
    const isEnough = this.#bytes >= this.#request.minBytes || this.#isUrgent || this.#session.slots.length === 0
    if (isEnough || !this.#mayWait) return this.#finish()
    this.#state = 'waiting'
    const reads = this.#reads
    this.#beginAnew()
    if (!this.#isWatching) this.#watch(reads)
  }

  /** What was read is too little, and is read again; meanwhile it need not be kept. */
  #beginAnew(): void {
    const hadNews = this.#session.hasNews
    this.#releaseAll()
    const isToRead = (read: SlotRead) => (this.#isWhole ? read.result.bytes > 0 : this.#isNews(read))
    for (const read of this.#reads) if (isToRead(read)) this.#session.list(read.slot)
    this.#reads = []
    this.#bytes = 0
    // Something came while others were read from cold files.
    if (hadNews) this.wake()
  }

  #watch(reads: readonly SlotRead[]): void {
    this.#isWatching = true
    const { runtime } = this.#context.broker
    this.#timer = runtime.clock.after(this.#request.maxWaitMs, () => this.endWait())
    if (this.#session.id === noSession) {
      for (const { slot } of reads) slot.watch(this.#context.broker)
      for (const { slot, result } of reads) if (slot.hasMovedOn(result)) this.#onMovedOn(slot)
    }
    if (this.#session.reader.follower !== null) this.#context.onRequestBehind(() => this.endWait())
    this.#watchAbandon() // last: it may end the wait at once
  }

  #onMovedOn(slot: Slot): void {
    this.#session.list(slot)
    this.wake()
  }

  #watchAbandon(): void {
    if (this.#isWatchingAbandon) return
    this.#isWatchingAbandon = true
    this.#context.onAbandoned(() => this.#abandon())
  }

  /** The connection broke, this broker stops, or answers behind this one hold memory. */
  #abandon(): void {
    this.#isAbandoned = true
    this.endWait()
    const turn = this.#turn
    if (turn === null) return
    turn.cancel()
    this.#turn = null
    this.#finish()
  }

  /** Several partitions may change in one turn: they are read once, after all of them. */
  wake(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'woken'
    void Promise.resolve().then(() => {
      if (this.#state === 'woken') this.#readNews()
    })
  }

  /** The wait for more is over; one for memory is not. */
  endWait(): void {
    this.#mayWait = false
    if (this.#state === 'waiting' || this.#state === 'woken') this.#readNews()
  }

  // ---------------------------------------------------------------- answering

  /** What the reader has not been told, or is told each time it asks. */
  #isNews({ slot, result, divergingEpoch }: SlotRead): boolean {
    if (result.errorCode !== 0 || result.bytes > 0 || divergingEpoch !== null) return true
    return result.highWatermark !== slot.toldHighWatermark || result.startOffset !== slot.toldStartOffset
  }

  #finish(): void {
    this.#end()
    const session = this.#session
    const reads = this.#isWhole ? this.#wholeReads() : this.#reads.filter((read) => this.#isNews(read))
    this.#resolve(answerOf(this.#context.broker, this.#request, this.#context.apiVersion, session.id, reads))
    if (session.id !== noSession) this.#noteTold(reads)
    if (this.#bytes > 0) this.#context.afterSent(() => this.#releaseAll())
    else this.#room?.giveBack()
  }

  /** In the order of the request; those that had no news since they were read stand where they were then. */
  #wholeReads(): readonly SlotRead[] {
    const { slots } = this.#session
    if (slots.length === this.#reads.length && !this.#isWatching) return this.#reads
    const bySlot = new Map(this.#reads.map((read) => [read.slot, read]))
    const { broker } = this.#context
    return slots.map(
      (slot) => bySlot.get(slot) ?? { slot, asked: slot.asked, result: slot.read(broker, -1), divergingEpoch: null },
    )
  }

  /** Data and errors are told again until the reader asks for something else. */
  #noteTold(reads: readonly SlotRead[]): void {
    for (const { slot, asked, result, divergingEpoch } of reads) {
      slot.toldHighWatermark = result.highWatermark
      slot.toldStartOffset = result.startOffset
      const isToldAgain = result.errorCode !== 0 || result.bytes > 0 || divergingEpoch !== null
      if (isToldAgain || slot.asked !== asked) this.#session.list(slot)
    }
  }

  #end(): void {
    this.#state = 'over'
    this.#timer?.cancel()
    const session = this.#session
    if (session.waiter === this) session.waiter = null
    if (session.id === noSession && (this.#isWatching || session.reader.follower !== null)) session.close()
  }

  #releaseAll(): void {
    for (const { result } of this.#reads) result.release()
    this.#room?.giveBack()
  }
}
