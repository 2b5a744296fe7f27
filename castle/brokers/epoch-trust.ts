// How far the word of others takes the Castle epoch (R14). Nobody proves who they are, the epoch only ever rises, and there
// are only so many: who could raise it freely would use them up, and no Castle could start over that store again. So all
// words together have a budget in each life of a Castle, a small one for clients, for whoever was there with them was a
// broker that knows as much; and the last epochs are for starts of Castles alone.
//
//   0 ------ this Castle's own --> +16 clients' --> +10,000 brokers' ----------------- kept for starts -- castleEpochMax
import { castleEpochMax, HeartbeatMessageError } from '@castellan/protocol/heartbeat'

export type Witness = 'client' | 'broker'

/** Castle's own epoch rises by one with each start: a store that went back in time lacks as many as starts since. */
const budgets = { client: 16, broker: 10_000 }
const keptForStarts = 100_000

export class EpochTrust {
  readonly #left = { ...budgets }

  /** Throws a HeartbeatMessageError when this witness may not take the epoch from `from` to `to`. */
  check(witness: Witness, from: number, to: number): void {
    if (stepOf(from, to) <= this.#left[witness] && to <= castleEpochMax - keptForStarts) return
    const limit = `${witness}s may raise it by ${this.#left[witness]} more, at most to ${castleEpochMax - keptForStarts}`
    const problem = `Castle epoch ${to - 1} is too far ahead of ${from} to be believed (${limit})`
    throw new HeartbeatMessageError('INVALID_MESSAGE', '/castleEpoch', problem)
  }

  /** The same when it is done: what was used is gone until this Castle starts again. */
  spend(witness: Witness, from: number, to: number): void {
    this.check(witness, from, to)
    this.#left[witness] -= stepOf(from, to)
  }
}

/** The epoch was raised meanwhile: it will rise by one all the same. */
function stepOf(from: number, to: number): number {
  return Math.max(1, to - from)
}
