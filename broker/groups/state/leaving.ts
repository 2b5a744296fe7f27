// How a member goes: it says so, its session runs out, or it does not give up in time what it was told to.
// What it held is free from then on; what it still sends is refused, because it is unknown.
import { errors } from '@castellan/protocol'
import { type Answer, type Beat, goneAnswer, refusal, refusedAnswer, type Surroundings } from './beat.ts'
import { type Draft, epochAway, type Group, type Member } from './group.ts'
import { nothingOwned } from './owned.ts'

/** Epoch -1: it leaves for good. */
export function leave(draft: Draft, beat: Beat, { wallMs }: Surroundings): Answer {
  const member = leaving(draft.group, beat)
  if ('errorCode' in member) return refusedAnswer(member)
  remove(draft, [member.id], wallMs)
  return goneAnswer(member.id, -1)
}

/** Epoch -2: a static member stops, and will be back within its session; nobody gets its partitions meanwhile (KIP-345). */
export function stayAway(draft: Draft, beat: Beat, { nowMs, sessionTimeoutMs }: Surroundings): Answer {
  const member = leaving(draft.group, beat)
  if ('errorCode' in member) return refusedAnswer(member)
  const { holding, session } = member
  if (holding.revoking.size > 0) draft.news = true
  draft.put({
    kind: 'holding',
    memberId: member.id,
    value: { ...holding, epoch: epochAway, previousEpoch: holding.epoch, revoking: nothingOwned },
  })
  session.deadlineMs = nowMs + sessionTimeoutMs
  session.demand = null
  return goneAnswer(member.id, epochAway)
}

function leaving(group: Group, { memberId, instanceId }: Beat) {
  const member = group.members.get(memberId)
  if (!member) {
    const holder = instanceId === null ? undefined : group.instances.get(instanceId)
    return holder === undefined
      ? refusal(errors.UNKNOWN_MEMBER_ID, 'the group has no such member')
      : refusal(errors.FENCED_INSTANCE_ID, `the instance id belongs to member ${holder} now`)
  }
  if (instanceId !== null && member.profile.instanceId !== instanceId) {
    return refusal(errors.FENCED_INSTANCE_ID, 'the instance id is not that of this member')
  }
  return member
}

export interface Expired {
  readonly memberId: string
  readonly why: 'its session ran out' | 'it did not give up its partitions in time'
}

/** Removes every member whose time is over. */
export function expire(draft: Draft, nowMs: number, wallMs: number): Expired[] {
  const expired: Expired[] = []
  for (const { id: memberId, session } of draft.group.members.values()) {
    if (session.deadlineMs <= nowMs) expired.push({ memberId, why: 'its session ran out' })
    else if (session.demand && session.demand.deadlineMs <= nowMs) {
      expired.push({ memberId, why: 'it did not give up its partitions in time' })
    }
  }
  if (expired.length > 0)
    remove(
      draft,
      expired.map(({ memberId }) => memberId),
      wallMs,
    )
  return expired
}

/**
 * A group that was read from the log: its members are counted as heard at `heardMs`, and what was demanded of them as demanded then.
 * Later than true is safe, for it is the members that must stop in time.
 */
export function countAsHeard(group: Group, heardMs: number, sessionTimeoutMs: number, castleGraceMs: number): void {
  group.targetDueMs = group.awaitsTarget ? heardMs + castleGraceMs : null
  for (const { session, holding, profile } of group.members.values()) {
    session.deadlineMs = heardMs + sessionTimeoutMs
    const timeMs = Math.max(profile.rebalanceTimeoutMs, sessionTimeoutMs)
    if (holding.revoking.size > 0) session.demand = { sinceMs: heardMs, deadlineMs: heardMs + timeMs }
  }
}

/** No session ends before `untilMs`. */
export function giveTime(group: Group, untilMs: number): void {
  for (const { session } of group.members.values()) session.deadlineMs = Math.max(session.deadlineMs, untilMs)
}

/** When something of the group is due next, on the monotonic clock; Infinity: nothing. */
export function nextDeadlineMs(group: Group): number {
  let next = group.targetDueMs ?? Number.POSITIVE_INFINITY
  for (const { session } of group.members.values()) {
    next = Math.min(next, session.deadlineMs, session.demand?.deadlineMs ?? Number.POSITIVE_INFINITY)
  }
  return next
}

/** Members go, and the group needs a new target, if anybody is left. */
export function remove(draft: Draft, memberIds: readonly string[], wallMs: number): void {
  const { group } = draft
  for (const memberId of memberIds) putRemoval(draft, memberId)
  draft.membershipChanged = true
  draft.raiseEpoch()
  if (group.members.size > 0) return
  draft.put({ kind: 'group', value: { ...group.head, emptySinceMs: wallMs } })
  draft.targetReached()
}

export function putRemoval(draft: Draft, memberId: string): void {
  const { holding }: Member = draft.group.members.get(memberId)!
  // Others may wait for it.
  if (holding.assigned.size > 0 || holding.revoking.size > 0) draft.news = true
  draft.put({ kind: 'member', memberId, value: null })
}
