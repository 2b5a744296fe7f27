// ConsumerGroupHeartbeat (68), versions 0 and 1: claim, renewal and release of a group's partitions (KIP-848).
//
//   - The protocol is groups/state/heartbeat.ts; here the request only gets its sender.
//   - 0: the member id may be made here   1: it is the client's (KIP-1082); subscription by regular expression
import { consumerGroupHeartbeat as api } from '@castellan/protocol'
import { handler } from './handler.ts'

export const consumerGroupHeartbeat = handler(api, (request, { broker, apiVersion, clientId, peer }) =>
  broker.coordinator.heartbeat({ ...request, apiVersion, clientId, clientHost: hostOf(peer) }),
)

/** The port differs with each connection, and says nothing about the member. */
function hostOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'))
}
