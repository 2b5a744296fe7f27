// What a group takes up in a report to Castle, in bytes of JSON: never less than it really takes, and cheap to know. A
// member counts with all that it names, whether those topics exist or not: they may exist tomorrow.
import type { GroupReport, PartitionsByTopic } from '@castellan/protocol/heartbeat'
import type { Profile } from './group.ts'

export interface GroupSize {
  /** The group itself, its members, and what they subscribe to. */
  readonly subscribedBytes: number
  /** What its members are to process. */
  readonly targetBytes: number
}

/** {"group":,"membership":,"revision":,"groupEpoch":,"members":[]}, and three numbers of at most 16 digits. */
const groupBytes = 120
/** {"memberId":,"rack":,"topics":[],"target":{}}, */
const memberBytes = 50
/** "36 characters":[], */
const topicBytes = 42
/** At most 1000000, and a comma. */
const partitionBytes = 8

export function bytesOfGroup(groupId: string): number {
  return groupBytes + Buffer.byteLength(JSON.stringify(groupId))
}

export function bytesOfMember(memberId: string, { rack, topicNames, regexTopics }: Profile): number {
  // As JSON, because a control character takes six bytes there.
  return memberBytes + Buffer.byteLength(JSON.stringify([memberId, rack, topicNames, regexTopics]))
}

export function bytesOfTargets({ members }: GroupReport): number {
  return members.reduce((sum, { target }) => sum + bytesOfTarget(target), 0)
}

function bytesOfTarget(target: PartitionsByTopic): number {
  let bytes = 0
  for (const topicId in target) bytes += topicBytes + partitionBytes * target[topicId]!.length
  return bytes
}
