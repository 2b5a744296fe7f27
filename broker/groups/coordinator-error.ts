// What a client is told where a coordinator cannot do what it was asked for.
import { errors } from '@castellan/protocol'
import type { Shard } from './shard.ts'

/** When a write to the group log was refused. */
export function coordinatorError(errorCode: number): number {
  if (errorCode === errors.NOT_LEADER_OR_FOLLOWER.code) return errors.NOT_COORDINATOR.code
  const known = [errors.NOT_COORDINATOR, errors.COORDINATOR_LOAD_IN_PROGRESS, errors.POLICY_VIOLATION]
  return known.some(({ code }) => code === errorCode) ? errorCode : errors.COORDINATOR_NOT_AVAILABLE.code
}

/** 0: what was read in this turn may be told, for it is durable, and nobody else can have been elected a second ago (R2). */
export async function whyUntold(shard: Shard): Promise<number> {
  const errorCode = await shard.durable()
  if (errorCode !== 0) return coordinatorError(errorCode)
  return shard.mayTell() ? 0 : errors.COORDINATOR_NOT_AVAILABLE.code
}
