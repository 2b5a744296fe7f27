// The brokers that can take replicas, and what is wrong with replicas that somebody asks for. Between what Castle knows of brokers and
// the arithmetic of placement.ts.
import { CastleError } from '../errors.ts'
import { brokersOf, topicsOf, type View } from '../state/state.ts'
import type { Room } from './placement.ts'

export interface BrokerRoom extends Room {
  /** One of the first release holds only replicas. */
  readonly replicates: boolean
}

/** A broker reports at most 20,000 logs; those of deleted topics count until they are gone. */
const replicasPerBrokerMax = 10_000

/** The living brokers of a cluster, by id, and how full they are. */
export function roomsOf(view: View, cluster: string): BrokerRoom[] {
  const counts = new Map<number, { replicas: number; leaders: number }>()
  const living = [...brokersOf(view, cluster)].filter(({ up }) => up).sort((a, b) => a.id - b.id)
  for (const { id } of living) counts.set(id, { replicas: 0, leaders: 0 })
  for (const topic of topicsOf(view, cluster)) {
    for (const { replicas } of topic.partitions) {
      for (const [index, id] of replicas.entries()) {
        const count = counts.get(id)
        if (count === undefined) continue
        count.replicas += 1
        if (index === 0) count.leaders += 1
      }
    }
  }
  return living.map(({ id, rack, replicates = false }) => {
    return { brokerId: id, rack, replicates, ...(counts.get(id) ?? { replicas: 0, leaders: 0 }) }
  })
}

/**
 * Places what has so many replicas, with the brokers that can hold them. Throws a CastleError when there are too few, or when one of them
 * would have too many.
 */
export function roomsFor(
  rooms: readonly BrokerRoom[],
  cluster: string,
  replicationFactor: number,
  placeIn: (usable: readonly BrokerRoom[]) => number[][],
): number[][] {
  if (rooms.length === 0) {
    throw new CastleError('NO_BROKER', `cluster '${cluster}' has no living broker`, { params: { cluster } })
  }
  const usable = replicationFactor === 1 ? rooms : rooms.filter(({ replicates }) => replicates)
  if (replicationFactor < 1 || replicationFactor > Math.max(1, usable.length)) {
    const old = rooms.length - usable.length
    const why = old === 0 ? '' : `; ${old} more of the first release can hold partitions of one replica only`
    const message = `replicationFactor is ${replicationFactor}, but ${usable.length} living brokers of cluster '${cluster}' can replicate${why}`
    const params = { replicationFactor, limit: Math.max(1, usable.length), cluster }
    throw new CastleError('REPLICATION_FACTOR_WRONG', message, { params })
  }
  const placed = placeIn(usable)
  checkFull(rooms, placed)
  return placed
}

function checkFull(rooms: readonly BrokerRoom[], placed: readonly (readonly number[])[]): void {
  const more = new Map<number, number>()
  for (const id of placed.flat()) more.set(id, (more.get(id) ?? 0) + 1)
  for (const { brokerId, replicas } of rooms) {
    const all = replicas + (more.get(brokerId) ?? 0)
    if (all <= replicasPerBrokerMax) continue
    const message = `broker ${brokerId} would have ${all} replicas (limit: ${replicasPerBrokerMax})`
    const params = { broker: brokerId, partitions: all, limit: replicasPerBrokerMax }
    throw new CastleError('PARTITIONS_WRONG', message, { params })
  }
}

/** Throws REPLICAS_WRONG when a partition cannot have exactly these replicas; `present` are those that it has, living or not. */
export function checkReplicas(
  rooms: readonly BrokerRoom[],
  cluster: string,
  partition: number,
  replicas: readonly number[],
  present: readonly number[] = [],
): void {
  const wrong = (message: string, params: Readonly<Record<string, number>> = {}) => {
    return new CastleError('REPLICAS_WRONG', message, { params: { partition, cluster, ...params } })
  }
  if (replicas.length === 0) throw wrong(`partition ${partition} is to have no replica`)
  for (const [index, broker] of replicas.entries()) {
    if (replicas.indexOf(broker) !== index) {
      throw wrong(`partition ${partition} is to be on broker ${broker} twice`, { broker })
    }
    if (present.includes(broker)) continue
    const room = rooms.find(({ brokerId }) => brokerId === broker)
    if (room === undefined) {
      throw wrong(`partition ${partition} is to be on broker ${broker}, which is not alive in '${cluster}'`, { broker })
    }
    // A replica that comes later has to fetch what is there.
    if ((replicas.length > 1 || present.length > 0) && !room.replicates) {
      const message = `partition ${partition} is to have a replica on broker ${broker}, which is of the first release and does not replicate`
      throw wrong(message, { broker })
    }
  }
}
