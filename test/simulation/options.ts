// What a seed does not decide of a run.
import type { FaultKind } from './faults.ts'

export interface RunOptions {
  readonly faults: number
  /** Of each producer, at the mean. */
  readonly sendEveryMs: number
  /** Faults happen for so long. */
  readonly faultMs: number
  /** Only these kinds. Default: some of all, as the seed says. */
  readonly kinds?: readonly FaultKind[]
  readonly keepTrace?: boolean
}

export const ordinary: RunOptions = { faults: 14, sendEveryMs: 70, faultMs: 32_000 }
