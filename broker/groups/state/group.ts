// The state of one group, and the only way it changes: `apply(change)`. Every change is also one record of the
// group's log, so what a coordinator does live and what it reads after a restart go through the same code.
//
//   event (heartbeat, time, target, commit) -> Draft: changes -> log -> answer
//                                                  `-> apply       (group-log.ts reads them back -> restore)
//
// The owner table is the promise S3: at most one member may process a partition of a group. It follows from what
// members hold, is kept beside it for speed, and a change that would break it stops the partition (assert).
import assert from 'node:assert/strict'
import type { GroupReport, PartitionsByTopic } from '@castellan/protocol/heartbeat'
import type { Committed } from './commits.ts'
import { nothingOwned, type Owned } from './owned.ts'
import { bytesOfGroup, bytesOfMember } from './report-size.ts'

/** What a member said of itself. */
export interface Profile {
  /** Static membership (KIP-345); null: a dynamic member. */
  readonly instanceId: string | null
  readonly rack: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly topicNames: readonly string[]
  /** RE2; null: none. */
  readonly topicRegex: string | null
  /** The topics that `topicRegex` matched when it was last looked at. */
  readonly regexTopics: readonly string[]
  /** How long the member may take to give up partitions. */
  readonly rebalanceTimeoutMs: number
}

/** What a member has been given. */
export interface Holding {
  /** The epoch of the target that it is led to; 0: none yet, `epochAway`: a static member that left and will be back. */
  readonly epoch: number
  /** Accepted as well: the answer that raised the epoch may have been lost. */
  readonly previousEpoch: number
  /** It may process these. */
  readonly assigned: Owned
  /** It was told to give these up, and has not done so yet. */
  readonly revoking: Owned
}

/** Not in the log: a new coordinator starts it anew. */
export interface Session {
  /** On the coordinator's monotonic clock. */
  deadlineMs: number
  /** What is in `revoking` was first demanded then, and must have been given up by then; null: nothing is. */
  demand: { readonly sinceMs: number; readonly deadlineMs: number } | null
  /** How many more answers repeat the assignment, should earlier ones have been lost. */
  untold: number
}

export interface Member {
  readonly id: string
  profile: Profile
  /** Of the group's `reportBytes`. */
  reportBytes: number
  holding: Holding
  target: PartitionsByTopic
  session: Session
}

export interface Head {
  /** Rises when an assignment is needed or made. */
  readonly epoch: number
  /** The epoch that the members' targets were made for. */
  readonly targetEpoch: number
  /** Wall clock, ms since 1970: when its last member went; null: it has members, or never had any. */
  readonly emptySinceMs: number | null
}

export const epochAway = -2
/** Epoch 0 means "joining" on the wire. So a new group stands at 1 with nothing assigned, until its first target is made. */
export const firstHead: Head = { epoch: 1, targetEpoch: 1, emptySinceMs: null }
const nothingHeld: Holding = { epoch: 0, previousEpoch: 0, assigned: nothingOwned, revoking: nothingOwned }
/** Once for the answer itself, twice more in case it is lost. */
const tellTimes = 3

export type Change =
  | { readonly kind: 'group'; readonly value: Head | null }
  | { readonly kind: 'member'; readonly memberId: string; readonly value: Profile | null } // null: and all it held
  | { readonly kind: 'target'; readonly memberId: string; readonly value: PartitionsByTopic }
  | { readonly kind: 'holding'; readonly memberId: string; readonly value: Holding }
  | { readonly kind: 'offset'; readonly topicId: string; readonly partition: number; readonly value: Committed | null }

export class Group {
  readonly id: string
  head: Head = firstHead
  readonly members = new Map<string, Member>()
  /** instance id -> member id */
  readonly instances = new Map<string, string>()
  /** topic id -> partition -> what was committed */
  readonly offsets = new Map<string, Map<number, Committed>>()
  /** Removed from the log too; whoever still refers to it has an old group. */
  deleted = false
  readonly #owners = new Map<string, Map<number, string>>()

  // Not in the log:
  /** Named by targets: see GroupReport. */
  membership = 0
  revision = 0
  /** When the coordinator assigns by itself, unless Castle's target came first. On its monotonic clock. */
  targetDueMs: number | null = null
  report: GroupReport | null = null
  /** What the group and the subscriptions of its members may take up in a report, see report-size.ts. */
  reportBytes: number

  constructor(id: string) {
    this.id = id
    this.reportBytes = bytesOfGroup(id)
  }

  /** Is a target wanted? */
  get awaitsTarget(): boolean {
    return this.head.epoch > this.head.targetEpoch
  }

  /** The one member that may process the partition; undefined: nobody. */
  ownerOf(topicId: string, partition: number): string | undefined {
    return this.#owners.get(topicId)?.get(partition)
  }

  isFree(topicId: string, partition: number): boolean {
    return this.ownerOf(topicId, partition) === undefined
  }

  /** A live change: it must keep the owner table true. */
  apply(change: Change): void {
    if (change.kind === 'holding') this.#move(change.memberId, change.value)
    if (change.kind === 'member' && change.value === null) this.#move(change.memberId, nothingHeld)
    this.restore(change)
  }

  /** A change read from the log; the owner table is built at the end, by `restored`. */
  restore(change: Change): void {
    switch (change.kind) {
      case 'group':
        if (change.value) this.head = change.value
        else this.deleted = true
        return
      case 'member':
        return this.#setProfile(change.memberId, change.value)
      case 'target':
        this.#member(change.memberId).target = change.value
        return
      case 'holding':
        return this.#setHolding(this.#member(change.memberId), change.value)
      case 'offset':
        return this.#setOffset(change.topicId, change.partition, change.value)
    }
  }

  /** Builds the owner table of a group that was read from the log. */
  restored(): void {
    this.#owners.clear()
    for (const member of this.members.values()) this.#claim(member.id, member.holding)
  }

  #setProfile(memberId: string, profile: Profile | null): void {
    const member = this.members.get(memberId)
    const instanceId = member?.profile.instanceId
    // A successor may have taken the instance over by now.
    if (instanceId && this.instances.get(instanceId) === memberId) this.instances.delete(instanceId)
    const reportBytes = profile ? bytesOfMember(memberId, profile) : 0
    this.reportBytes += reportBytes - (member?.reportBytes ?? 0)
    if (!profile) return void this.members.delete(memberId)
    if (profile.instanceId !== null) this.instances.set(profile.instanceId, memberId)
    if (member) Object.assign(member, { profile, reportBytes })
    else {
      const session = { deadlineMs: 0, demand: null, untold: tellTimes }
      this.members.set(memberId, { id: memberId, profile, reportBytes, holding: nothingHeld, target: {}, session })
    }
  }

  #setHolding(member: Member, holding: Holding): void {
    if (holding.assigned !== member.holding.assigned) member.session.untold = tellTimes
    member.holding = holding
  }

  #setOffset(topicId: string, partition: number, committed: Committed | null): void {
    const ofTopic = this.offsets.get(topicId)
    if (committed) {
      if (ofTopic) ofTopic.set(partition, committed)
      else this.offsets.set(topicId, new Map([[partition, committed]]))
      return
    }
    ofTopic?.delete(partition)
    if (ofTopic?.size === 0) this.offsets.delete(topicId)
  }

  #member(memberId: string): Member {
    const member = this.members.get(memberId)
    assert(member, `group ${this.id} has no member ${memberId}`)
    return member
  }

  #move(memberId: string, to: Holding): void {
    const { holding } = this.#member(memberId)
    for (const owned of [holding.assigned, holding.revoking]) {
      for (const [topicId, partitions] of owned) {
        const owners = this.#owners.get(topicId)
        for (const partition of partitions.keys()) owners?.delete(partition)
        if (owners?.size === 0) this.#owners.delete(topicId)
      }
    }
    this.#claim(memberId, to)
  }

  #claim(memberId: string, holding: Holding): void {
    for (const owned of [holding.assigned, holding.revoking]) {
      for (const [topicId, partitions] of owned) {
        const owners = this.#owners.get(topicId) ?? new Map<number, string>()
        this.#owners.set(topicId, owners)
        for (const partition of partitions.keys()) {
          const owner = owners.get(partition)
          assert(
            owner === undefined,
            `two owners of ${topicId}/${partition} in group ${this.id}: ${owner} and ${memberId}`,
          )
          owners.set(partition, memberId)
        }
      }
    }
  }
}

/** The topics that a member wants, sorted. */
export function subscribedTopics({ topicNames, regexTopics }: Profile): string[] {
  return [...new Set([...topicNames, ...regexTopics])].sort()
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at])
}

/** One step of a group's state: each change is applied at once, and listed for the log. */
export class Draft {
  readonly group: Group
  readonly changes: Change[] = []
  /** Members or what they want changed: Castle has to hear of it. */
  membershipChanged = false
  /** Some member other than the one being answered has something to learn. */
  news = false
  readonly #targetDueMs: number

  /** `targetDueMs`: when the coordinator gives up waiting for a target that this step makes necessary. */
  constructor(group: Group, targetDueMs: number) {
    this.group = group
    this.#targetDueMs = targetDueMs
  }

  put(change: Change): void {
    this.group.apply(change)
    // Of the head only the last word counts, and it comes last: read without it, the rest is a step not yet taken.
    const earlier = change.kind === 'group' ? this.changes.findIndex(({ kind }) => kind === 'group') : -1
    if (earlier >= 0) this.changes.splice(earlier, 1)
    this.changes.push(change)
  }

  /** A new target is needed. */
  raiseEpoch(): void {
    const { head } = this.group
    this.put({ kind: 'group', value: { ...head, epoch: head.epoch + 1 } })
    this.group.targetDueMs ??= this.#targetDueMs
  }

  /** The members' targets are those of the group's epoch now. */
  targetReached(): void {
    const { head } = this.group
    this.put({ kind: 'group', value: { ...head, targetEpoch: head.epoch } })
    this.group.targetDueMs = null
  }
}
