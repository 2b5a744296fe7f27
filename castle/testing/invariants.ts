// What must never happen to a partition, whatever happens to its replicas (replicas.ts): each method is told of something, and throws when
// that breaks a promise. Nothing that was acknowledged is lost but by a counted loss, or at Ack 1 by the death of a leader (R2, R7, R8).
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { Topic } from '../state/entities.ts'

export interface Entry {
  readonly id: number
  readonly epoch: number
}

export interface InvariantsOptions {
  readonly unclean: boolean
  readonly doubt: boolean
  readonly ackLevel: -1 | 1
  onElected(): void
}

export class Invariants {
  /** A person has just said so. */
  mayLose = false
  readonly #options: InvariantsOptions
  /** What was acknowledged at Ack 1, and no death of a leader permits to be lost. */
  #owed: Entry[] = []
  /** Leaders below this epoch count as dead: nothing that they acknowledge is owed. */
  #deadBelow = -1
  /** What was acknowledged at Ack -1, and no counted loss took. */
  #acknowledged: Entry[] = []
  /** Leaders below this epoch acknowledge to nobody any more: a counted loss came after. */
  #lostAt = -1
  /** Until a leader begins after it, nobody knows what it took. */
  #lossIsOpen = false
  /** The leader of each epoch. */
  readonly #leaders = new Map<number, number>()
  /** As Castle changed it last. */
  #now: PartitionState | undefined

  constructor(options: InvariantsOptions) {
    this.#options = options
  }

  /** A leader at `epoch` acknowledged all of this at Ack -1. */
  acknowledged(below: Entry[], epoch: number): void {
    if (epoch < this.#lostAt) return
    if (below.length <= this.#acknowledged.length) {
      // A leader that is not yet sure of the end of its log may lag behind; what it has must be the same.
      return this.#must(isPrefix(below, this.#acknowledged), 'what was acknowledged differs')
    }
    this.#must(isPrefix(this.#acknowledged, below), 'something acknowledged is missing')
    this.#acknowledged = below
  }

  /** A leader at `epoch` acknowledged at Ack 1 what it appended. */
  acknowledgedAlone(log: readonly Entry[], epoch: number): void {
    if (epoch < this.#deadBelow) return
    const known = new Set(this.#owed.map(({ id }) => id))
    this.#owed.push(...log.filter((entry) => entry.epoch === epoch && !known.has(entry.id)))
  }

  /** A broker that leads, or is named as the leader, died. */
  leaderDied(id: number, { leader, leaderEpoch }: PartitionState): void {
    this.#owed = []
    if (leader === id) this.#deadBelow = leaderEpoch + 1
  }

  /** Castle changed the topic. */
  checkChange(topic: Topic, after: Topic): void {
    const before = topic.partitions[0] as PartitionState
    const now = after.partitions[0] as PartitionState
    if (before === now) return
    this.#now = now
    const { leader, leaderEpoch, isr, elr = [], replicas, partitionEpoch, next } = now
    this.#must(next === undefined || this.#options.ackLevel === 1, 'handed over where nothing can be lost')
    this.#must(next === undefined || (isr.includes(next) && next !== leader), 'one is next that cannot lead')
    this.#must(!this.#options.doubt, 'something was decided in doubt')
    this.#must(after.version > topic.version, 'a change without a version')
    this.#must(partitionEpoch > before.partitionEpoch, 'a change without a partition epoch')
    this.#must(leaderEpoch >= before.leaderEpoch, 'the leader epoch went back')
    this.#must(leader === before.leader || leaderEpoch > before.leaderEpoch, 'another leader of the same epoch')
    this.#must(leader === -1 || isr.includes(leader), 'a leader out of sync')
    this.#must(
      [...isr, ...elr].every((id) => replicas.includes(id)),
      'somebody in sync who is no replica',
    )
    this.#must(!isr.some((id) => elr.includes(id)), 'in sync and only eligible at once')
    const known = this.#leaders.get(leaderEpoch)
    this.#must(known === undefined || known === leader, `epoch ${leaderEpoch} had another leader`)
    this.#leaders.set(leaderEpoch, leader)
    if (leader !== before.leader && leader !== -1) this.#checkElected(topic, after, before, now)
  }

  #checkElected(topic: Topic, after: Topic, before: PartitionState, { leader, leaderEpoch }: PartitionState): void {
    this.#options.onElected()
    const loss = after.losses?.at(-1)
    const isCounted = loss !== undefined && loss.number !== (topic.losses?.at(-1)?.number ?? 0)
    const electable = [...before.isr, ...(before.elr ?? [])]
    if (!isCounted) return this.#must(electable.includes(leader), 'one out of sync was elected, and not counted')
    this.#must(loss.to === leader && loss.leaderEpoch === leaderEpoch, 'a loss that names another leader')
    const isAllowed = this.#options.unclean || this.mayLose || loss.from.length === 0
    this.#must(isAllowed, 'an unclean election that nobody allowed')
    this.#lostAt = leaderEpoch
    this.#lossIsOpen = true
  }

  /** It begins to lead. What others acknowledge at an earlier epoch after a counted loss is part of that loss. */
  checkLeader(id: number, log: readonly Entry[], epoch: number): void {
    const has = new Set(log.map((entry) => entry.id))
    const lost = this.#owed.filter((entry) => !has.has(entry.id))
    this.#must(lost.length === 0, `broker ${id} leads, nobody died, and ${lost.length} of Ack 1 are lost`)
    const kept = prefixLength(this.#acknowledged, log)
    const isCounted = this.#lossIsOpen && epoch >= this.#lostAt
    const isWhole = kept === this.#acknowledged.length
    this.#must(isWhole || isCounted, `broker ${id} leads and lacks what was acknowledged`)
    this.#acknowledged = this.#acknowledged.slice(0, kept)
    if (isCounted) this.#lossIsOpen = false
  }

  #must(holds: boolean, what: string): void {
    if (!holds) throw new Error(`${what}: ${JSON.stringify(this.#now)}`)
  }
}

function prefixLength(some: readonly Entry[], others: readonly Entry[]): number {
  let length = 0
  while (length < some.length && some[length]?.id === others[length]?.id) length += 1
  return length
}

function isPrefix(prefix: readonly Entry[], whole: readonly Entry[]): boolean {
  return prefixLength(prefix, whole) === prefix.length
}
