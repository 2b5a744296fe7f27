// What the group has committed, asked of its coordinator under the member's epoch.
import { errors, groupBy, offsetFetch, type ResponseOf } from '@castellan/protocol'
import { CastellanError, refusal } from '../errors.ts'
import type { GroupClient } from './group-client.ts'
import { commitVerdict, keyOf } from './membership.ts'
import type { AssignedPartition, Position } from './partition.ts'

/** Committed offsets with member epochs. */
const versionMin = 9

export interface CommittedOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** The coordinator knows a newer epoch of this member. */
  readonly onStale: () => void
}

/** By `keyOf`; offset -1: none is committed. Throws REFUSED, retriable unless it is for good, and what requests throw. */
export async function fetchCommitted(
  group: GroupClient,
  partitions: readonly AssignedPartition[],
  { timeoutMs, signal, onStale }: CommittedOptions,
): Promise<Map<string, Position>> {
  const topics = [...groupBy(partitions, ({ topicId }) => topicId)].map(([topicId, ofTopic]) => ({
    name: ofTopic[0]!.topic,
    topicId,
    partitionIndexes: ofTopic.map(({ partition }) => partition),
  }))
  const { memberId, memberEpoch } = group
  const body = { groups: [{ groupId: group.group, memberId, memberEpoch, topics }], requireStable: true }
  const answer = await group.request(offsetFetch, body, { timeoutMs, signal, versionMin })
  return readCommitted(partitions, answer, (errorCode) => refused(group, errorCode, onStale))
}

/** All but a plain refusal passes: the heartbeat finds out what became of this member. */
export function refused(group: GroupClient, errorCode: number, onStale: () => void): CastellanError {
  const error = refusal(`OffsetFetch of group '${group.group}'`, errorCode)
  const verdict = commitVerdict(errorCode, error.retriable)
  if (verdict === 'elsewhere') group.forgetCoordinator()
  if (verdict === 'newEpoch' || verdict === 'lost') onStale()
  if (verdict === 'refused') return error
  return new CastellanError('REFUSED', error.message, { kafkaCode: errorCode, retriable: true })
}

function readCommitted(
  partitions: readonly AssignedPartition[],
  answer: ResponseOf<typeof offsetFetch>,
  refuse: (errorCode: number) => CastellanError,
): Map<string, Position> {
  const found = answer.groups[0]
  const errorCode = found?.errorCode ?? errors.UNKNOWN_SERVER_ERROR.code
  if (found === undefined || errorCode !== 0) throw refuse(errorCode)
  const committed = new Map<string, Position>()
  for (const { name, topicId, partitions: answered } of found.topics) {
    for (const one of answered) {
      const match = partitions.find(
        (partition) =>
          partition.partition === one.partitionIndex && (partition.topicId === topicId || partition.topic === name),
      )
      if (match === undefined) continue
      if (one.errorCode !== 0) throw refuse(one.errorCode)
      committed.set(keyOf(match), { offset: one.committedOffset, leaderEpoch: one.committedLeaderEpoch })
    }
  }
  return committed
}
