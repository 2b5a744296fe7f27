// What a leader asks of Castle for partitions that it leads, judged one by one: compared with what Castle knows, and set all or nothing of a
// partition at once. A topic gets one new version however many of its partitions changed.
import { errors } from '@castellan/protocol'
import type { AlteredIsr, PartitionState } from '@castellan/protocol/heartbeat'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { Member } from './standing.ts'

export interface Proposer {
  readonly brokerId: number
  readonly brokerEpoch: number
}

export interface Judged {
  /** Kafka's; 0: it is as proposed. */
  readonly errorCode: number
  /** After it; the same object where nothing changed. */
  readonly state: PartitionState
}

/** What the leader knew of the partition when it asked. */
export interface Known {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** Why what was asked is about a partition as it is not any more; undefined: it is as the leader knows it. */
export function staleness(
  partition: PartitionState,
  { brokerId, brokerEpoch }: Proposer,
  known: Known,
  proposer: Member,
): keyof typeof errors | undefined {
  if (proposer.brokerEpoch !== brokerEpoch) return 'STALE_BROKER_EPOCH'
  if (partition.leader !== brokerId || known.leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH'
  // One that is ahead knows what the store does not: its report says so too (R14).
  const isSame = known.leaderEpoch === partition.leaderEpoch && known.partitionEpoch === partition.partitionEpoch
  return isSame ? undefined : 'INVALID_UPDATE_VERSION'
}

/** One partition that changed. */
export interface Move {
  readonly topic: Topic
  readonly before: PartitionState
  readonly after: PartitionState
}

interface OnPartition {
  readonly topicId: string
  readonly partition: number
}

type Judge<P> = (before: PartitionState, proposal: P) => Judged

/** Judges all, each after those before it, and puts what changed. `judgeOf` is asked once for each topic. */
export function judgeAll<P extends OnPartition>(
  draft: Draft,
  proposals: readonly P[],
  judgeOf: (topic: Topic) => Judge<P>,
): { readonly partitions: AlteredIsr['partitions']; readonly moves: readonly Move[] } {
  const altered = new Map<string, Altered<P>>()
  const moves: Move[] = []
  const partitions = proposals.map((proposal): AlteredIsr['partitions'][number] => {
    const { topicId, partition } = proposal
    const topic = altered.get(topicId) ?? asItIs(draft.get('topic', topicId), judgeOf)
    const before = topic?.partitions[partition]
    if (topic === undefined || before === undefined) {
      return { topicId, partition, errorCode: errors.UNKNOWN_TOPIC_ID.code }
    }
    altered.set(topicId, topic)
    const { errorCode, state } = topic.judge(before, proposal)
    if (state !== before) {
      topic.partitions[partition] = state
      moves.push({ topic: topic.entity, before, after: state })
    }
    return { topicId, partition, errorCode, state }
  })
  for (const topic of new Set(moves.map((move) => move.topic))) {
    const { partitions: states = [] } = altered.get(topic.topicId) ?? {}
    draft.put('topic', { ...topic, partitions: states, version: draft.nextVersion() })
  }
  return { partitions, moves }
}

/** A topic in the making. */
interface Altered<P> {
  readonly entity: Topic
  readonly partitions: PartitionState[]
  readonly judge: Judge<P>
}

/** Of one in doubt nothing is changed (R14): its leader is told as of a topic that is not known yet, and asks again. */
function asItIs<P>(entity: Topic | undefined, judgeOf: (topic: Topic) => Judge<P>): Altered<P> | undefined {
  if (entity === undefined || entity.deleted || isInDoubt(entity)) return undefined
  return { entity, partitions: [...entity.partitions], judge: judgeOf(entity) }
}
