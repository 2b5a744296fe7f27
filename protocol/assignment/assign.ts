// Who processes what: a pure function from members, partitions and the present assignment to the next one (S4).
//
// Castle decides with it, and a coordinator that is without Castle. What holds of its result:
//   - each partition of a subscribed topic has one owner, which subscribes to it;
//   - it is as even as subscriptions allow: no chain of hand-overs (a to b, b to c) would bring two members closer together.
//     Where all subscribe alike, counts differ by one at most;
//   - it is sticky: what may stay stays, and a partition moves only where that makes it more even. Where all subscribe
//     alike, no assignment that is as even moves fewer;
//   - it depends on nothing else: not on the order of the input, nor on chance.
import type { PartitionsByTopic } from '../heartbeat/index.ts'

export interface AssignInput {
  readonly members: readonly AssignMember[]
  /** The topics that exist; others that members name are ignored. */
  readonly partitions: readonly { readonly topicId: string; readonly count: number }[]
  /** What each member has now. Whatever it may not keep (another topic, another owner) is ignored. */
  readonly current: ReadonlyMap<string, PartitionsByTopic>
}

export interface AssignMember {
  readonly memberId: string
  /** Not used yet: it will matter when a partition has replicas in several racks. */
  readonly rack: string | null
  /** Ids of the topics it subscribes to. */
  readonly topics: readonly string[]
}

interface Member {
  readonly id: string
  load: number
  readonly holds: Map<Topic, Held>
  // What follows belongs to one search at a time, see `findChain`.
  seenBy: number
  giver: Member | undefined
  given: Topic | undefined
  settled: boolean
}

interface Topic {
  readonly id: string
  /** By partition. */
  readonly owners: (Member | undefined)[]
  audience: Audience
  /** The last member found to subscribe to it. */
  markedBy: Member | undefined
}

/**
 * Those who subscribe to a topic; one object for all topics with the same subscribers. It is another audience and one member
 * more, and no member makes the same audience grow twice: so the same subscribers, in the same order, are the same object.
 */
interface Audience {
  readonly last: Member | undefined
  readonly others: Audience | undefined
  readonly size: number
  grown: Audience | undefined
  /** All of them; filled when everybody has joined. */
  members: readonly Member[]
  seenBy: number
}

/** A member's partitions of one topic. Moving a new one again costs nobody anything. */
interface Held {
  readonly kept: number[]
  readonly fresh: number[]
}

/** The next assignment, with an entry for each member; topics and partitions ascending. */
export function assign(input: AssignInput): Map<string, PartitionsByTopic> {
  const nobody: Audience = { last: undefined, others: undefined, size: 0, grown: undefined, members: [], seenBy: 0 }
  const topics = new Map(input.partitions.map(({ topicId, count }) => [topicId, makeTopic(topicId, count, nobody)]))
  const members = [...input.members]
    .sort((a, b) => ascending(a.memberId, b.memberId))
    .map((member) => join(member, topics, input.current))
  // Topics with the least choice first: fewer partitions have to move again.
  const subscribed = [...topics.values()].filter(({ audience }) => audience.size > 0)
  subscribed.sort((a, b) => a.audience.size - b.audience.size || ascending(a.id, b.id))
  for (const { audience } of subscribed) if (audience.members.length === 0) audience.members = membersOf(audience)
  for (const topic of subscribed) place(topic)
  // First with what is on the move anyway, then with what has to be taken from someone.
  even(members, (held) => held.fresh.length > 0)
  even(members, (held) => held.fresh.length + held.kept.length > 0)
  return new Map(members.map((member) => [member.id, partitionsOf(member)]))
}

// ---------------------------------------------------------------- what there is

function makeTopic(id: string, count: number, audience: Audience): Topic {
  return { id, owners: new Array<undefined>(count).fill(undefined), audience, markedBy: undefined }
}

/** Adds a member to the audience of its topics, and leaves to it what it may keep. */
function join(
  { memberId: id, topics: topicIds }: AssignMember,
  topics: ReadonlyMap<string, Topic>,
  current: AssignInput['current'],
): Member {
  const member: Member = {
    id,
    load: 0,
    holds: new Map(),
    seenBy: 0,
    giver: undefined,
    given: undefined,
    settled: false,
  }
  for (const topicId of topicIds) {
    const topic = topics.get(topicId)
    if (topic === undefined || topic.markedBy === member) continue
    topic.markedBy = member
    topic.audience = grow(topic.audience, member)
  }
  for (const [topicId, partitions] of Object.entries(current.get(id) ?? {})) {
    const topic = topics.get(topicId)
    if (topic?.markedBy !== member) continue
    for (const partition of partitions) {
      if (!(partition in topic.owners) || topic.owners[partition] !== undefined) continue
      topic.owners[partition] = member
      heldBy(member, topic).kept.push(partition)
      member.load++
    }
  }
  return member
}

function grow(audience: Audience, member: Member): Audience {
  if (audience.grown?.last === member) return audience.grown
  const grown = { last: member, others: audience, size: audience.size + 1, grown: undefined, members: [], seenBy: 0 }
  audience.grown = grown
  return grown
}

function membersOf(audience: Audience): Member[] {
  const members: Member[] = []
  for (let one: Audience | undefined = audience; one?.last !== undefined; one = one.others) members.push(one.last)
  return members.reverse()
}

function heldBy(member: Member, topic: Topic): Held {
  const held = member.holds.get(topic) ?? { kept: [], fresh: [] }
  member.holds.set(topic, held)
  return held
}

function partitionsOf(member: Member): PartitionsByTopic {
  const partitions: PartitionsByTopic = {}
  const byId = [...member.holds].sort(([a], [b]) => ascending(a.id, b.id))
  for (const [topic, { kept, fresh }] of byId) {
    if (kept.length + fresh.length > 0) partitions[topic.id] = [...kept, ...fresh].sort((a, b) => a - b)
  }
  return partitions
}

function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// ---------------------------------------------------------------- who gets what

/** Gives what has no owner to the subscriber with the least. */
function place(topic: Topic): void {
  for (const [partition, owner] of topic.owners.entries()) {
    if (owner !== undefined) continue
    let least = topic.audience.members[0]!
    for (const member of topic.audience.members) if (member.load < least.load) least = member
    heldBy(least, topic).fresh.push(partition)
    least.load++
  }
}

/**
 * Moves partitions until no chain of hand-overs makes it more even.
 *
 * A search that finds nothing has seen all that the giver could ever reach, and all of it has about the giver's load or more.
 * No later chain, from a member with less, leads into or through there: so all that was seen is settled, and each member is
 * in one failed search at most.
 */
function even(members: readonly Member[], mayGive: (held: Held) => boolean): void {
  for (const member of members) member.settled = false
  for (;;) {
    let giver: Member | undefined
    let least = Infinity
    for (const member of members) {
      if (member.settled) continue
      if (giver === undefined || member.load > giver.load) giver = member
      if (member.load < least) least = member.load
    }
    if (giver === undefined) return
    const taker = findChain(giver, least, mayGive)
    if (taker === undefined) continue
    for (let to = taker; to !== giver; to = to.giver!) handOver(to.giver!, to, to.given!)
    giver.load--
    taker.load++
  }
}

let searches = 0

/**
 * Looks, breadth first, for the nearest member that has two less than `giver`, and among those for the one with the least. The chain
 * to it stands in `giver` and `given` of each member on the way. Undefined: there is none; whoever was seen is settled.
 */
function findChain(giver: Member, least: number, mayGive: (held: Held) => boolean): Member | undefined {
  const search = ++searches
  giver.seenBy = search
  const seen = [giver]
  let taker: Member | undefined
  for (let from = 0, levelEnd = 1; from < seen.length; from++) {
    if (from === levelEnd) {
      if (taker !== undefined) return taker
      levelEnd = seen.length
    }
    const member = seen[from]!
    for (const topic of giveable(member, mayGive)) {
      if (topic.audience.seenBy === search) continue
      topic.audience.seenBy = search
      for (const next of topic.audience.members) {
        if (next.seenBy === search || next.settled) continue
        next.seenBy = search
        next.giver = member
        next.given = topic
        seen.push(next)
        if (next.load > giver.load - 2 || (taker !== undefined && next.load >= taker.load)) continue
        taker = next
        if (next.load === least) return taker
      }
    }
  }
  if (taker === undefined) for (const member of seen) member.settled = true
  return taker
}

/** The topics of which a member has something to give, the one of which it has most first: topics stay spread. */
function giveable(member: Member, mayGive: (held: Held) => boolean): Topic[] {
  return [...member.holds]
    .filter(([, held]) => mayGive(held))
    .sort(([a, x], [b, y]) => y.kept.length + y.fresh.length - x.kept.length - x.fresh.length || ascending(a.id, b.id))
    .map(([topic]) => topic)
}

function handOver(from: Member, to: Member, topic: Topic): void {
  const held = heldBy(from, topic)
  const partition = held.fresh.pop() ?? held.kept.pop()
  heldBy(to, topic).fresh.push(partition!)
}
