// Who leads instead: what Produce and Fetch tell a client that came to the wrong broker, so that it goes to the right
// one without asking for metadata (KIP-951).
import { errors } from '@castellan/protocol'
import type { Metadata } from '../castle/metadata.ts'

export interface LeaderIdAndEpoch {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** The leader that a partition's error answer names; null: the error is another, or nobody is known to lead. */
export function leaderInstead(
  metadata: Metadata,
  topicId: string,
  partition: number,
  errorCode: number,
): LeaderIdAndEpoch | null {
  if (errorCode !== errors.NOT_LEADER_OR_FOLLOWER.code && errorCode !== errors.FENCED_LEADER_EPOCH.code) return null
  const state = metadata.partition(topicId, partition)
  if (!state || state.leader < 0) return null
  return { leaderId: state.leader, leaderEpoch: state.leaderEpoch }
}

/** Where the named leaders are reached, each once. */
export function endpointsOf(metadata: Metadata, leaders: Iterable<LeaderIdAndEpoch>): NodeEndpoint[] {
  const endpoints = new Map<number, NodeEndpoint>()
  for (const { leaderId } of leaders) {
    const broker = metadata.broker(leaderId)
    if (broker) endpoints.set(leaderId, { nodeId: leaderId, host: broker.host, port: broker.port, rack: broker.rack })
  }
  return [...endpoints.values()]
}
