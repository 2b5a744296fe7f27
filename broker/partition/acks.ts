// Appends that wait for their acknowledgement, in the order of their offsets.
import { Fifo } from '@castellan/protocol'
import type { AppendResult } from './results.ts'

export interface PendingAck {
  /** -1: when the high watermark has passed it. 1 and 0: when the leader has it. */
  readonly acks: -1 | 0 | 1
  readonly endOffset: number
  readonly result: AppendResult
  readonly done: (result: AppendResult) => void
}

export class Acks {
  /** By the two offsets that acknowledgements wait for. */
  readonly #forHighWatermark = new Fifo<PendingAck>()
  readonly #forLeader = new Fifo<PendingAck>()

  add(pending: PendingAck): void {
    if (pending.acks === -1) this.#forHighWatermark.push(pending)
    else this.#forLeader.push(pending)
  }

  /** Acknowledges what has been waited for. */
  complete(highWatermark: number, leaderOffset: number): void {
    completeUpTo(this.#forHighWatermark, highWatermark)
    completeUpTo(this.#forLeader, leaderOffset)
  }

  /** Tells all that wait that it will not come. */
  refuse(result: AppendResult): void {
    for (const queue of [this.#forHighWatermark, this.#forLeader]) {
      for (let pending = queue.shift(); pending !== undefined; pending = queue.shift()) pending.done(result)
    }
  }
}

/** A repeat of an older batch waits behind what came before it: later than it need, but never too early. */
function completeUpTo(queue: Fifo<PendingAck>, offset: number): void {
  for (let pending = queue.at(0); pending !== undefined && pending.endOffset <= offset; pending = queue.at(0)) {
    queue.shift()
    pending.done(pending.result)
  }
}
