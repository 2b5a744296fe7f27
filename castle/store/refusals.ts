// What every store refuses, in the same words. Imports nothing that runs: the thread of the SQLite store loads this, and must start in
// a moment (Castle's error table and messages take it a fifth of a second).
import type { CastleErrorCode } from '../errors.ts'

export class StoreRefusal extends Error {
  override readonly name = 'StoreRefusal'
  readonly code: CastleErrorCode

  constructor(code: CastleErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

export function staleEpoch(castleEpoch: number, newest: number): StoreRefusal {
  return new StoreRefusal('STALE_EPOCH', `this Castle has epoch ${castleEpoch}, but another took over with ${newest}`)
}

/** The Castle epoch of a new lease. Throws EPOCHS_USED_UP: no message could say a higher one. */
export function epochAfter(last: number, atLeast: number, epochMax: number): number {
  const next = Math.max(last + 1, atLeast)
  if (next <= epochMax) return next
  const message = `Castle epoch ${next} is beyond the highest that there can be, ${epochMax} (the store has ${last})`
  throw new StoreRefusal('EPOCHS_USED_UP', message)
}
