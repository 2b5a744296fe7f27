// ConsumerGroupHeartbeat (KIP-848): claim, renewal and release in one message. A member joins with epoch 0, beats with
// the epoch it was last told, leaves with -1, or with -2 when it is static and will be back (KIP-345).
//
//   check the request -> find the member (or leave) -> take in what it says -> reconcile -> answer
//
// Pure: state and request in; changes (applied, and to be logged) and answer out. Refusals change nothing.
import { errors } from '@castellan/protocol'
import { type Answer, type Beat, type Refusal, refusal, refusedAnswer, type Step, type Surroundings } from './beat.ts'
import {
  Draft,
  epochAway,
  type Group,
  type Holding,
  type Member,
  type Profile,
  sameTexts,
  subscribedTopics,
} from './group.ts'
import { checkBeat } from './heartbeat-check.ts'
import { leave, putRemoval, stayAway } from './leaving.ts'
import { reportsExactly, reportsOnly } from './owned.ts'
import { hasAll, reconcile } from './reconcile.ts'
import { bytesOfMember } from './report-size.ts'
import { charactersOf, fits, subscribedCharactersMax, subscribedTopicsMax } from './subscription.ts'

export function heartbeat(group: Group, beat: Beat, around: Surroundings): Step {
  const draft = new Draft(group, around.nowMs + around.castleGraceMs)
  const problem = checkBeat(beat)
  if (problem) return refused(draft, problem)
  if (beat.memberEpoch === -1) return { draft, answer: leave(draft, beat, around) }
  if (beat.memberEpoch === epochAway) return { draft, answer: stayAway(draft, beat, around) }

  const found = find(group, beat, around)
  if ('errorCode' in found) return refused(draft, found)
  const regex = regexOf(beat, found.member, around)
  if ('errorCode' in regex) return refused(draft, regex)
  const before = found.member ?? found.replaces
  const profile = profileOf(beat, beat.memberEpoch === 0 ? null : before!.profile, regex.topics)
  const unfit =
    before && sameProfile(before.profile, profile) ? null : problemOf(found.memberId, before, profile, around)
  if (unfit) return refused(draft, unfit)
  if (found.replaces) hand(draft, found.replaces, found.memberId)
  const member = found.member ?? group.members.get(found.memberId)
  const current = member ? renewed(draft, member, profile) : joined(draft, found.memberId, profile)
  return { draft, answer: proceed(draft, current, beat, around) }
}

// ---------------------------------------------------------------- who it is

interface Found {
  readonly memberId: string
  /** Undefined: it is new. */
  readonly member?: Member
  /** A member whose place it takes. */
  readonly replaces?: Member
}

function find(group: Group, beat: Beat, around: Surroundings): Found | Refusal {
  const joining = beat.memberEpoch === 0
  const member = group.members.get(beat.memberId)
  if (joining) {
    const holder = beat.instanceId === null ? undefined : group.members.get(group.instances.get(beat.instanceId) ?? '')
    if (holder && holder !== member) {
      if (holder.holding.epoch !== epochAway) {
        return refusal(errors.UNRELEASED_INSTANCE_ID, `the instance id is in use by member ${holder.id}`)
      }
      return { memberId: beat.memberId || around.newMemberId(), replaces: holder }
    }
    // The same process under another instance id, or under none: another member.
    if (member && member.profile.instanceId !== beat.instanceId) return { memberId: member.id, replaces: member }
    if (member) return { memberId: member.id, member }
    if (group.members.size >= around.membersMax) {
      return refusal(errors.GROUP_MAX_SIZE_REACHED, `the group has ${group.members.size} members, the most it may have`)
    }
    return { memberId: beat.memberId || around.newMemberId() }
  }
  if (!member) return refusal(errors.UNKNOWN_MEMBER_ID, 'the group has no such member: join again with epoch 0')
  if (beat.instanceId !== null && member.profile.instanceId !== beat.instanceId) {
    return refusal(errors.FENCED_INSTANCE_ID, 'the instance id is not that of this member')
  }
  return fenced(member, beat) ?? { memberId: member.id, member }
}

function fenced({ holding }: Member, { memberEpoch, topicPartitions }: Beat): Refusal | null {
  if (memberEpoch === holding.epoch) return null
  // The answer that raised its epoch may have been lost. Then it holds nothing but what it was left with.
  const behind = memberEpoch === holding.previousEpoch && holding.epoch > 0
  if (behind && topicPartitions && reportsOnly(topicPartitions, holding.assigned, holding.revoking)) return null
  const text = `the member is at epoch ${holding.epoch}, not ${memberEpoch}: it must give up all partitions and join again with epoch 0`
  return refusal(errors.FENCED_MEMBER_EPOCH, text)
}

/** A member goes, and `memberId` inherits its target: a static member that is back under another id gets what it had. */
function hand(draft: Draft, from: Member, memberId: string): void {
  const { profile, target } = from
  putRemoval(draft, from.id)
  draft.put({ kind: 'member', memberId, value: profile })
  draft.put({ kind: 'target', memberId, value: target })
  // Castle names members by their ids.
  draft.membershipChanged = true
}

// ---------------------------------------------------------------- what it says

function joined(draft: Draft, memberId: string, profile: Profile): Member {
  const { group } = draft
  draft.put({ kind: 'member', memberId, value: profile })
  if (group.head.emptySinceMs !== null) draft.put({ kind: 'group', value: { ...group.head, emptySinceMs: null } })
  draft.membershipChanged = true
  draft.raiseEpoch()
  return group.members.get(memberId)!
}

function renewed(draft: Draft, member: Member, after: Profile): Member {
  const before = member.profile
  if (!sameProfile(before, after)) {
    draft.put({ kind: 'member', memberId: member.id, value: after })
    if (before.rack !== after.rack || !sameTexts(subscribedTopics(before), subscribedTopics(after))) {
      draft.membershipChanged = true
      draft.raiseEpoch()
    }
  }
  return member
}

/** `before`: what a field that the request leaves out keeps; null when it joins. */
function profileOf(beat: Beat, before: Profile | null, regexTopics: readonly string[] | null): Profile {
  const regex = beat.subscribedTopicRegex
  return {
    instanceId: beat.instanceId ?? before?.instanceId ?? null,
    rack: beat.rackId ?? before?.rack ?? null,
    clientId: beat.clientId ?? '',
    clientHost: beat.clientHost,
    topicNames: beat.subscribedTopicNames ?? before?.topicNames ?? [],
    topicRegex: regex === '' ? null : (regex ?? before?.topicRegex ?? null),
    regexTopics: regexTopics ?? before?.regexTopics ?? [],
    rebalanceTimeoutMs: beat.rebalanceTimeoutMs >= 0 ? beat.rebalanceTimeoutMs : (before?.rebalanceTimeoutMs ?? 0),
  }
}

/** The topics of a regular expression that the request brings; null: it brings none, or the one that is known. */
function regexOf(
  beat: Beat,
  member: Member | undefined,
  around: Surroundings,
): { topics: readonly string[] | null } | Refusal {
  if (beat.subscribedTopicRegex === null) return { topics: null }
  if (beat.subscribedTopicRegex === '') return { topics: [] }
  if (beat.memberEpoch !== 0 && beat.subscribedTopicRegex === member?.profile.topicRegex) return { topics: null }
  const resolved = around.resolve(beat.subscribedTopicRegex)
  if ('topics' in resolved) return resolved
  return refusal(errors.INVALID_REGULAR_EXPRESSION, `the regular expression cannot be used: ${resolved.problem}`)
}

/** Why it cannot say this of itself, though each part alone is right; null: it can. `before`: itself, or whose place it takes. */
function problemOf(memberId: string, before: Member | undefined, profile: Profile, around: Surroundings) {
  const { topicNames, regexTopics } = profile
  if (!fits(topicNames, regexTopics)) {
    const text = `the subscription is to ${topicNames.length + regexTopics.length} topics, their names ${charactersOf(topicNames, regexTopics)} characters long, of which a member may have ${subscribedTopicsMax} and ${subscribedCharactersMax}: name fewer topics, or write a regular expression that matches fewer`
    return refusal(errors.INVALID_REQUEST, text)
  }
  const bytes = bytesOfMember(memberId, profile)
  if (around.hasReportRoom(bytes - (before?.reportBytes ?? 0), bytes)) return null
  const text = `this broker's groups subscribe to as much as it can report to Castle, and ${bytes} bytes more do not fit: name fewer topics, stop members that are not needed, or spread the groups over more brokers`
  return refusal(errors.GROUP_MAX_SIZE_REACHED, text)
}

function sameProfile(a: Profile, b: Profile): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rack === b.rack &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.topicRegex === b.topicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    sameTexts(a.topicNames, b.topicNames) &&
    sameTexts(a.regexTopics, b.regexTopics)
  )
}

// ---------------------------------------------------------------- what it gets

function proceed(draft: Draft, member: Member, beat: Beat, around: Surroundings): Answer {
  const { group } = draft
  const { targetEpoch } = group.head
  const before = member.holding
  const after = reconcile(member, targetEpoch, beat, (topicId, partition) => group.isFree(topicId, partition))
  if (after !== before) {
    draft.put({ kind: 'holding', memberId: member.id, value: after })
    // Others may wait for what it gave up.
    if (before.revoking.size > 0) draft.news = true
  }
  renewSession(member, before, beat, around)
  return {
    errorCode: 0,
    errorMessage: null,
    memberId: member.id,
    memberEpoch: after.epoch,
    assignment: tell(member, beat) ? after.assigned : null,
    converging: group.awaitsTarget || !hasAll(member, targetEpoch),
  }
}

/**
 * The session counts from now, the time to give up from the demand. A client counts both from when it sent the heartbeat, so it stops
 * first. As long as it seems not to have heard of the demand (the answer was lost), the time counts anew, but not for ever: a
 * client that has heard nothing for a whole session has stopped by itself.
 */
function renewSession({ profile, holding, session }: Member, before: Holding, beat: Beat, around: Surroundings): void {
  const { nowMs, sessionTimeoutMs } = around
  session.deadlineMs = nowMs + sessionTimeoutMs
  if (holding.revoking.size === 0) {
    session.demand = null
    return
  }
  // A client that joins starts a new life, and may work on what it keeps from the moment that it is answered.
  const isNew = session.demand === null || holding.revoking !== before.revoking || beat.memberEpoch === 0
  const demandedMs = isNew ? nowMs : session.demand!.sinceMs
  const unheard = beat.memberEpoch !== holding.epoch && nowMs <= demandedMs + sessionTimeoutMs
  // Less than a session would end before a client that has not heard yet has stopped.
  const timeMs = Math.max(profile.rebalanceTimeoutMs, sessionTimeoutMs)
  if (isNew || unheard) session.demand = { sinceMs: demandedMs, deadlineMs: nowMs + timeMs }
}

/**
 * Does the answer carry the assignment? Always to a member that joins or says all of itself (as Kafka does), while it must give something
 * up, and when what it reports is not what it has. A client that reports nothing is told a few times, should answers be lost.
 */
function tell({ holding, session }: Member, beat: Beat): boolean {
  const { topicPartitions: reported } = beat
  if (reported) session.untold = reportsExactly(reported, holding.assigned) ? 0 : Math.max(1, session.untold)
  const namesTopics = beat.subscribedTopicNames !== null || beat.subscribedTopicRegex !== null
  const saysAll = beat.memberEpoch === 0 || (beat.rebalanceTimeoutMs !== -1 && namesTopics && reported !== null)
  if (session.untold === 0) return saysAll || holding.revoking.size > 0
  session.untold--
  return true
}

function refused(draft: Draft, problem: Refusal): Step {
  return { draft, answer: refusedAnswer(problem) }
}
