// Appends that wait for their acknowledgement, in the order of their offsets.
import { Fifo } from '@castellan/protocol'
import type { AppendResult } from './results.ts'

export interface PendingAck {
  /** -1: when the high watermark has passed it. 1: when the leader has it and R2 allows an answer. 0: when the leader has it. */
  readonly acks: -1 | 0 | 1
  readonly endOffset: number
  readonly result: AppendResult
  readonly done: (result: AppendResult) => void
}

export class Acks {
  /** By what acknowledgements wait for. */
  readonly #forHighWatermark = new Fifo<PendingAck>()
  readonly #forFollowers = new Fifo<PendingAck>()
  readonly #forLeader = new Fifo<PendingAck>()

  /** Something waits at Ack 1. */
  get waitsForFollowers(): boolean {
    return this.#forFollowers.length > 0
  }

  add(pending: PendingAck): void {
    if (pending.acks === -1) this.#forHighWatermark.push(pending)
    else if (pending.acks === 1) this.#forFollowers.push(pending)
    else this.#forLeader.push(pending)
  }

  /** Acknowledges what has been waited for. `answerableEnd` is R2's rule for Ack 1, asked only when something depends on it; -1: nothing. */
  complete(highWatermark: number, leaderOffset: number, answerableEnd: () => number): void {
    completeUpTo(this.#forHighWatermark, highWatermark)
    completeUpTo(this.#forLeader, leaderOffset)
    if (this.#forFollowers.length > 0) completeUpTo(this.#forFollowers, answerableEnd())
  }

  /** Tells all that wait for the high watermark that it will not come. */
  refuseUncommitted(result: AppendResult): void {
    refuseAll(this.#forHighWatermark, result)
  }

  /** Tells all that wait that it will not come. */
  refuse(result: AppendResult): void {
    for (const queue of [this.#forHighWatermark, this.#forFollowers, this.#forLeader]) refuseAll(queue, result)
  }
}

/** A repeat of an older batch waits behind what came before it: later than it need, but never too early. */
function completeUpTo(queue: Fifo<PendingAck>, offset: number): void {
  for (let pending = queue.at(0); pending !== undefined && pending.endOffset <= offset; pending = queue.at(0)) {
    queue.shift()
    pending.done(pending.result)
  }
}

/** Not those that come while the others are told: a refused client may try again at once. */
function refuseAll(queue: Fifo<PendingAck>, result: AppendResult): void {
  for (let left = queue.length; left > 0; left--) queue.shift()?.done(result)
}
