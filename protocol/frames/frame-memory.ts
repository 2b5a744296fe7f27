// The bound on all memory that frames are read into, as readers see it. Each reader has a small slab that nobody counts;
// for more it needs a claim. Who has such a bound is a server (broker/server/request-memory.ts): a client reads what it asked for.
import type { Claim, SlabPool } from './slab.ts'

export interface FrameMemory {
  /** Much of it is used: who has nothing half read does with a small slab. */
  readonly isCrowded: boolean
  /**
   * A claim on `bytes` for a frame that begins with `apiKey` (null: for no frame in particular). Null: it does not fit
   * now, or others wait for it; `wait` then.
   */
  claim(bytes: number, apiKey: number | null): Claim | null
  /** Calls `onClaim` once, in a later turn, when all who asked before have got theirs. */
  wait(bytes: number, apiKey: number | null, onClaim: (claim: Claim) => void): FrameWait
  /** A claim on little, whatever there is: for what is in use already. */
  insist(bytes: number): Claim
}

export interface FrameWait {
  cancel(): void
}

const nothing: Claim = { giveBack: () => {} }

/** No bound but what the pool says of itself. */
export function unboundedMemory(pool: SlabPool): FrameMemory {
  return {
    get isCrowded() {
      return pool.isCrowded
    },
    claim: () => nothing,
    wait: () => {
      throw new Error('nobody waits for memory that has no bound')
    },
    insist: () => nothing,
  }
}
