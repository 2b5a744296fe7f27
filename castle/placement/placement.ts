// Which brokers hold the replicas of partitions, and which of them leads. Pure: the same brokers give the same places.
//
//   no two replicas of a partition on one rack, while there are racks enough
//   then even: replicas and leaders within the topic first, over all topics second
//   then mixed: a broker shares its partitions with many others, and its successors differ, so that a death spreads over all
//
// A broker without a rack is a rack of its own. The first replica is the preferred leader (Kafka's).

import { evenLeaders } from './even-leaders.ts'

export interface Room {
  readonly brokerId: number
  readonly rack: string | null
  /** Replicas that it holds already, and partitions that it is to lead, of all topics. */
  readonly replicas: number
  readonly leaders: number
}

/** What a partition has already: these stay, in this order; with none its leader is chosen too. */
export type Kept = readonly number[]

/**
 * The replicas of each partition, leader first. There must be at least `replicationFactor` rooms. `beside` are the topic's partitions
 * that stay as they are: even means even with them.
 */
export function place(
  rooms: readonly Room[],
  partitions: readonly Kept[],
  replicationFactor: number,
  beside: readonly Kept[] = [],
): number[][] {
  const tally = new Tally(rooms)
  for (const replicas of [...beside, ...partitions]) tally.countPresent(replicas)
  const chosen = partitions.map((kept) => {
    const replicas = choose(tally, kept.slice(0, replicationFactor), replicationFactor)
    tally.countChosen(replicas, Math.min(kept.length, replicationFactor))
    return replicas
  })
  const open = [...chosen.keys()].filter((index) => partitions[index]?.length === 0)
  const leaders = tally.leadersOf(open.map((index) => chosen[index] ?? []))
  for (const [at, index] of open.entries()) chosen[index] = tally.ordered(chosen[index] ?? [], leaders[at] ?? -1)
  return chosen
}

/** So many partitions that have nothing yet. */
export function placeNew(rooms: readonly Room[], count: number, replicationFactor: number): number[][] {
  return place(rooms, Array<Kept>(count).fill([]), replicationFactor)
}

function choose(tally: Tally, kept: Kept, count: number): number[] {
  const chosen = [...kept]
  while (chosen.length < count) {
    const racks = chosen.map((id) => tally.rackOf(id))
    const inRack = (id: number) => racks.filter((rack) => rack === tally.rackOf(id)).length
    const rank = (id: number) => [inRack(id), ...tally.fullness(id), tally.shared(id, chosen), id]
    chosen.push(
      least(
        tally.ids.filter((id) => !chosen.includes(id)),
        rank,
      ),
    )
  }
  return chosen
}

interface Counts {
  readonly room: Room
  /** In this topic. */
  ownReplicas: number
  ownLeaders: number
  /** In all topics. */
  allReplicas: number
}

class Tally {
  readonly ids: readonly number[]
  readonly #counts: ReadonlyMap<number, Counts>
  /** `a/b`, a < b -> partitions of this topic that both hold. */
  readonly #shared = new Map<string, number>()
  /** `a>b` -> partitions of this topic that a leads, and b after it. */
  readonly #successions = new Map<string, number>()

  constructor(rooms: readonly Room[]) {
    this.#counts = new Map(
      rooms.map((room) => [room.brokerId, { room, ownReplicas: 0, ownLeaders: 0, allReplicas: room.replicas }]),
    )
    this.ids = [...this.#counts.keys()]
  }

  /** A partition as it is; `all` counts have it already. */
  countPresent(replicas: readonly number[]): void {
    const [leader, next] = replicas
    const counts = leader === undefined ? undefined : this.#counts.get(leader)
    if (counts !== undefined) counts.ownLeaders += 1
    if (next !== undefined) raise(this.#successions, `${leader}>${next}`)
    this.#count(replicas, 0)
  }

  /** A partition's replicas, of which the first `present` are counted already. */
  countChosen(replicas: readonly number[], present: number): void {
    this.#count(replicas, present)
    for (const id of replicas.slice(present)) {
      const counts = this.#counts.get(id)
      if (counts !== undefined) counts.allReplicas += 1
    }
  }

  #count(replicas: readonly number[], present: number): void {
    for (const [index, id] of replicas.entries()) {
      if (index < present) continue
      const counts = this.#counts.get(id)
      if (counts !== undefined) counts.ownReplicas += 1
      for (const other of replicas.slice(0, index)) raise(this.#shared, pairOf(id, other))
    }
  }

  rackOf(id: number): string {
    const rack = this.#counts.get(id)?.room.rack ?? null
    return rack === null ? `broker ${id}` : `rack ${rack}`
  }

  fullness(id: number): [own: number, all: number] {
    const counts = this.#counts.get(id)
    return counts === undefined ? [0, 0] : [counts.ownReplicas, counts.allReplicas]
  }

  /** Partitions of this topic that it shares with the others. */
  shared(id: number, others: readonly number[]): number {
    let shared = 0
    for (const other of others) shared += this.#shared.get(pairOf(id, other)) ?? 0
    return shared
  }

  leadersOf(partitions: readonly (readonly number[])[]): number[] {
    const all = (id: number) => this.#counts.get(id)?.room.leaders ?? 0
    return evenLeaders(
      partitions,
      (id) => this.#counts.get(id)?.ownLeaders ?? 0,
      (a, b) => all(a) - all(b) || a - b,
    )
  }

  /** The leader first, then whoever leads after it least often. */
  ordered(replicas: readonly number[], leader: number): number[] {
    const rank = (id: number) => [this.#successions.get(`${leader}>${id}`) ?? 0, id]
    const [next, ...others] = replicas.filter((id) => id !== leader).sort((a, b) => compare(rank(a), rank(b)))
    if (next === undefined) return [leader]
    raise(this.#successions, `${leader}>${next}`)
    return [leader, next, ...others]
  }
}

function pairOf(a: number, b: number): string {
  return a < b ? `${a}/${b}` : `${b}/${a}`
}

function raise(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function least(ids: readonly number[], rank: (id: number) => number[]): number {
  let best = -1
  let bestRank: number[] | undefined
  for (const id of ids) {
    const next = rank(id)
    if (bestRank !== undefined && compare(next, bestRank) >= 0) continue
    best = id
    bestRank = next
  }
  return best
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}
