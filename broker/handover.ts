// What of a broker's work others can take over: what a stop in good order waits for. Pure.
//
//   report "stopping" ─► Castle moves leaders off it, and takes it out of ISRs ─► nothing is left here ─► requests end
//
// A leader that goes before another leads makes producers wait for an election; a member of the ISR that goes before its
// leader knows holds up the high watermark (R1), and with it every send at Ack -1.
import type { ClusterState, PartitionState, TopicState } from '@castellan/protocol/heartbeat'

/** Partitions that still depend on this broker, though another is there for them. */
export interface Dependents {
  /** It leads them, and another could. */
  readonly led: number
  /** Another leads them, and counts on it as a member of the ISR. */
  readonly followed: number
}

/** `brokers`: those that are up, by the cluster's newest state. */
export function dependentsOf(
  brokerId: number,
  topics: Iterable<TopicState>,
  brokers: ClusterState['brokers'],
): Dependents {
  const staying = new Set(brokers.filter((broker) => broker.id !== brokerId && !broker.stopping).map(({ id }) => id))
  let led = 0
  let followed = 0
  for (const { partitions } of topics) {
    for (const partition of partitions) {
      if (partition.leader === brokerId && canBeLedBy(partition, staying)) led++
      else if (partition.isr.includes(brokerId) && staying.has(partition.leader)) followed++
    }
  }
  return { led, followed }
}

function canBeLedBy({ isr, elr = [] }: PartitionState, brokers: ReadonlySet<number>): boolean {
  return isr.some((id) => brokers.has(id)) || elr.some((id) => brokers.has(id))
}
