// Committed offsets: who may commit, who may read, and when they expire.
//
// A member's commit is fenced twice (S3, KIP-848 and KIP-1251): the member must be known, at the epoch that it names or
// a later one; and each partition must be its own since that epoch or before:
//
//   epoch at which the partition was assigned  <=  epoch of the commit  <=  epoch of the member
//
// So a commit that was under way while the member's epoch rose is taken, and one of a former owner never is. Kafka
// leaves the second check out at the member's present epoch; here no commit passes without a valid assignment.
import { errors } from '@castellan/protocol'
import type { Draft, Group } from './group.ts'
import { assignmentEpoch } from './owned.ts'

export interface Committed {
  readonly offset: number
  /** The leader epoch of the last message that was processed; -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Wall clock, ms since 1970. */
  readonly committedAtMs: number
  /** Wall clock; null: by the retention of offsets. */
  readonly expiresAtMs: number | null
}

export interface Committer {
  readonly apiVersion: number
  readonly memberId: string
  /** -1: no member. */
  readonly memberEpoch: number
  readonly instanceId: string | null
}

/** OffsetCommit 9 is the first that a member of a KIP-848 group may use: earlier ones cannot be told STALE_MEMBER_EPOCH. */
const firstMemberVersion = 9

/** May it commit at all? Kafka's error code; 0: yes, but each partition is to be asked for (`partitionError`). */
export function committerError(group: Group | undefined, committer: Committer): number {
  const { apiVersion, memberId, memberEpoch, instanceId } = committer
  if (!group) {
    if (memberEpoch < 0) return 0
    return apiVersion >= firstMemberVersion ? errors.GROUP_ID_NOT_FOUND.code : errors.ILLEGAL_GENERATION.code
  }
  // Without members the group is a name for offsets: tools may set them, and consumers that assign themselves.
  if (memberEpoch < 0 && group.members.size === 0) return 0
  const member = group.members.get(memberId)
  if (!member) return errors.UNKNOWN_MEMBER_ID.code
  if (apiVersion < firstMemberVersion) return errors.UNSUPPORTED_VERSION.code
  if (instanceId !== null && member.profile.instanceId !== instanceId) return errors.FENCED_INSTANCE_ID.code
  if (memberEpoch < 0 || memberEpoch > member.holding.epoch) return errors.STALE_MEMBER_EPOCH.code
  return 0
}

/** May a committer that passed `committerError` commit this partition? Kafka's error code; 0: yes. */
export function partitionError(
  group: Group | undefined,
  committer: Committer,
  topicId: string,
  partition: number,
): number {
  const member = group?.members.get(committer.memberId)
  if (!member) return 0
  const { assigned, revoking } = member.holding
  const since = assignmentEpoch(assigned, topicId, partition) ?? assignmentEpoch(revoking, topicId, partition)
  return since !== undefined && since <= committer.memberEpoch ? 0 : errors.STALE_MEMBER_EPOCH.code
}

/** May it read offsets? Null and -1: no member asks, but a tool, or a client that does not say. */
export function readerError(group: Group | undefined, memberId: string | null, memberEpoch: number): number {
  if (memberId === null && memberEpoch < 0) return 0
  const member = group?.members.get(memberId ?? '')
  if (!member) return errors.UNKNOWN_MEMBER_ID.code
  return memberEpoch === member.holding.epoch ? 0 : errors.STALE_MEMBER_EPOCH.code
}

/** Forgets what nobody came back for: offsets of a group without members, and then the group. */
export function expireOffsets(draft: Draft, wallMs: number, retentionMs: number): void {
  const { group } = draft
  if (group.members.size > 0) return
  const idleSinceMs = group.head.emptySinceMs ?? 0
  for (const [topicId, partitions] of [...group.offsets]) {
    for (const [partition, { committedAtMs, expiresAtMs }] of [...partitions]) {
      const dueMs = expiresAtMs ?? Math.max(committedAtMs, idleSinceMs) + retentionMs
      if (dueMs <= wallMs) draft.put({ kind: 'offset', topicId, partition, value: null })
    }
  }
  // Its epochs start anew when it is forgotten, so it is kept as long as its offsets would be.
  if (group.offsets.size === 0 && idleSinceMs + retentionMs <= wallMs) draft.put({ kind: 'group', value: null })
}
