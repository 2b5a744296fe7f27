// Which brokers hold the partitions of a new topic. Pure: even within the topic first, then over all topics. In this version a
// partition has one replica, so a partition's broker is its leader too.

export interface Room {
  readonly brokerId: number
  /** Partitions that it holds already, of all topics. */
  readonly partitions: number
}

/**
 * One broker per partition: the one with the fewest partitions of this topic, among those the one with the fewest
 * partitions at all, among those the lowest id. `brokers` must not be empty.
 */
export function place(brokers: readonly Room[], partitionCount: number): number[] {
  const rooms = brokers.map(({ brokerId, partitions }) => ({ brokerId, own: 0, all: partitions }))
  const placed: number[] = []
  while (placed.length < partitionCount) {
    const best = rooms.reduce((a, b) => (isBetter(b, a) ? b : a))
    best.own += 1
    best.all += 1
    placed.push(best.brokerId)
  }
  return placed
}

type Tally = { readonly brokerId: number; readonly own: number; readonly all: number }

function isBetter(a: Tally, b: Tally): boolean {
  if (a.own !== b.own) return a.own < b.own
  if (a.all !== b.all) return a.all < b.all
  return a.brokerId < b.brokerId
}
