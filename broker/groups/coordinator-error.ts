import { errors } from '@castellan/protocol'

/** What a client is told when a write to the group log was refused. */
export function coordinatorError(errorCode: number): number {
  if (errorCode === errors.NOT_LEADER_OR_FOLLOWER.code) return errors.NOT_COORDINATOR.code
  const known = [errors.NOT_COORDINATOR, errors.COORDINATOR_LOAD_IN_PROGRESS, errors.POLICY_VIOLATION]
  return known.some(({ code }) => code === errorCode) ? errorCode : errors.COORDINATOR_NOT_AVAILABLE.code
}
