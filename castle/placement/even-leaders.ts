// Who of each partition's replicas leads it, so that brokers lead equally many as far as the replicas allow. Pure.
//
// Each partition goes to whoever of its replicas leads least; what that leaves uneven is passed on along chains, for giving a partition
// from a to b only helps when b can give one to c:   a (leads 3) --p1--> b (leads 2) --p2--> c (leads 1)

import { groupBy } from '@castellan/protocol'

/** The leader of each partition. `before` is what brokers lead beside; `tie` decides between those that lead equally many. */
export function evenLeaders(
  partitions: readonly (readonly number[])[],
  before: (brokerId: number) => number,
  tie: (a: number, b: number) => number,
): number[] {
  const counts = new Map<number, number>()
  for (const id of new Set(partitions.flat())) counts.set(id, before(id))
  const of = (id: number) => counts.get(id) ?? 0
  const leaders = partitions.map((replicas) => {
    const leader = replicas.reduce((a, b) => ((of(b) - of(a) || tie(b, a)) < 0 ? b : a))
    counts.set(leader, of(leader) + 1)
    return leader
  })
  for (let uneven = true; uneven; ) {
    uneven = false
    for (const id of [...counts.keys()].sort((a, b) => of(b) - of(a) || a - b)) {
      const chain = chainDown(partitions, leaders, id, of)
      if (chain === undefined) continue
      for (const { partition, to } of chain) leaders[partition] = to
      const last = chain.at(-1)
      counts.set(id, of(id) - 1)
      if (last !== undefined) counts.set(last.to, of(last.to) + 1)
      uneven = true
      break
    }
  }
  return leaders
}

interface Step {
  readonly partition: number
  readonly to: number
}

/** The shortest chain from a broker to one that leads at least two fewer; undefined: there is none. */
function chainDown(
  partitions: readonly (readonly number[])[],
  leaders: readonly number[],
  from: number,
  of: (brokerId: number) => number,
): Step[] | undefined {
  const led = groupBy(leaders.keys(), (partition) => leaders[partition] ?? -1)
  const reached = new Map<number, Step[]>([[from, []]])
  for (const [id, chain] of reached) {
    if (of(id) <= of(from) - 2) return chain
    for (const partition of led.get(id) ?? []) {
      for (const to of partitions[partition] ?? []) if (!reached.has(to)) reached.set(to, [...chain, { partition, to }])
    }
  }
  return undefined
}
