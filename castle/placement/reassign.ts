// New replicas for a partition (KIP-455): pure, state in, state out. Nobody leaves before those who come are in sync.
//
//   [1 2 3] --begin [3 4]--> [3 4 1 2]  adding 4, removing 1 2 --4 in sync--> [3 4]  removed 1 2 --no log there--> [3 4]
//                                  \--cancel--> [1 2 3]  removed 4
//
// `removed` is the record that R13 asks for: brokers named there remove their logs, whenever they hear of it, and it stays until they
// report them gone. Each step takes members out of the ISR in the same change, so that the high watermark goes on without them.
//
// A leader that goes hands over first, where only its death permits that something is lost (`next`, election/hand-over.ts).
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { type Rules, withNext } from '../election/rules.ts'

/** What it would come to; or why it cannot be now: those who would stay hold too little of what was acknowledged. */
export type Step = { readonly kind: 'done'; readonly state: PartitionState } | { readonly kind: 'not-in-sync' }

type ReassignRules = Pick<Rules, 'minIsr' | 'handsOver'>

/** Who may lead, of those in sync. */
export type CanLead = (brokerId: number) => boolean

export function isReassigning({ adding = [], removing = [] }: PartitionState): boolean {
  return adding.length > 0 || removing.length > 0
}

/** The replicas as they will be, or as they are where nothing is under way. */
export function targetOf({ replicas, removing = [] }: PartitionState): number[] {
  return replicas.filter((id) => !removing.includes(id))
}

/** The replicas as they were before what is under way; those that go stand last. */
export function originOf({ replicas, adding = [] }: PartitionState): number[] {
  return replicas.filter((id) => !adding.includes(id))
}

/**
 * Begins it, or begins another instead of what is under way. `target` has no broker twice. What needs nobody new is done at once, where it
 * can be.
 */
export function begin(
  partition: PartitionState,
  target: readonly number[],
  rules: ReassignRules,
  canLead: CanLead,
): Step {
  const origin = stayingFrom(partition, rules)
  const adding = target.filter((id) => !origin.includes(id))
  const removing = origin.filter((id) => !target.includes(id))
  const begun = withReplicas(partition, [...target, ...removing], canLead, rules)
  if (begun.kind === 'not-in-sync') return begun
  const state = withChanging(begun.state, adding, removing)
  return { kind: 'done', state: advance(state, rules, canLead) ?? state }
}

/** Who was there before what is under way; and who leads, until it has handed over. */
function stayingFrom(partition: PartitionState, { handsOver }: ReassignRules): number[] {
  const origin = originOf(partition)
  const { leader } = partition
  return handsOver && leader !== -1 && !origin.includes(leader) ? [...origin, leader] : origin
}

/** Takes back what is under way: those that came go. */
export function cancel(partition: PartitionState, rules: ReassignRules, canLead: CanLead): Step {
  const origin = originOf(partition)
  if (stayingFrom(partition, rules).length > origin.length) return begin(partition, origin, rules, canLead)
  const back = withReplicas(partition, origin, canLead, rules)
  return back.kind === 'done' ? { kind: 'done', state: withChanging(back.state, [], []) } : back
}

/**
 * The partition when all who come are in sync, and enough of those who stay; where its leader goes, and is to hand over, as it is until then.
 * Undefined: not yet, or nothing is under way.
 */
export function advance(partition: PartitionState, rules: ReassignRules, canLead: CanLead): PartitionState | undefined {
  const { adding = [], isr, leader } = partition
  if (!isReassigning(partition) || leader === -1 || !adding.every((id) => isr.includes(id))) return undefined
  const finished = withReplicas(partition, targetOf(partition), canLead, rules)
  if (finished.kind !== 'done') return undefined
  if (!rules.handsOver || finished.state.leader === leader) return withChanging(finished.state, [], [])
  const { next = finished.state.leader } = partition
  const isFit = finished.state.isr.includes(next) && canLead(next)
  const named = withNext(partition, isFit ? next : finished.state.leader)
  return named === partition ? undefined : named
}

/** The partition without the record of those that reported their logs gone; undefined: it stays as it is. */
export function settle(partition: PartitionState, isGone: (brokerId: number) => boolean): PartitionState | undefined {
  const { removed = [], ...rest } = partition
  const left = removed.filter((id) => !isGone(id))
  if (left.length === removed.length) return undefined
  return left.length === 0 ? rest : { ...rest, removed: left }
}

/** With exactly these replicas: all others are removed, and count for nothing any more. */
function withReplicas(
  before: PartitionState,
  replicas: readonly number[],
  canLead: CanLead,
  { minIsr }: ReassignRules,
): Step {
  const isStaying = (id: number) => replicas.includes(id)
  const isr = before.isr.filter(isStaying)
  const elr = (before.elr ?? []).filter(isStaying)
  const gone = before.replicas.filter((id) => !isStaying(id))
  // Who was in sync and goes takes nothing with it only while as many stay in sync as acknowledging asks for.
  const loses = before.isr.length > isr.length
  if (isr.length === 0 || (loses && isr.length < Math.min(minIsr, replicas.length))) return { kind: 'not-in-sync' }
  const staysLed = before.leader === -1 || isStaying(before.leader)
  const leader = staysLed ? before.leader : replicas.find((id) => isr.includes(id) && canLead(id))
  if (leader === undefined) return { kind: 'not-in-sync' }
  const { elr: _elr, removed: _removed, next, ...rest } = before
  const staysNext = staysLed && next !== undefined && isr.includes(next)
  const removed = [...new Set([...(before.removed ?? []), ...gone])].filter((id) => !isStaying(id))
  const state = {
    ...rest,
    leader,
    leaderEpoch: staysLed ? before.leaderEpoch : before.leaderEpoch + 1,
    partitionEpoch: before.partitionEpoch + 1,
    replicas: [...replicas],
    isr,
    ...(staysNext ? { next } : {}),
    ...(elr.length > 0 ? { elr } : {}),
    ...(removed.length > 0 ? { removed } : {}),
  }
  return { kind: 'done', state }
}

function withChanging(state: PartitionState, adding: readonly number[], removing: readonly number[]): PartitionState {
  const { adding: _adding, removing: _removing, ...rest } = state
  return {
    ...rest,
    ...(adding.length > 0 ? { adding: [...adding] } : {}),
    ...(removing.length > 0 ? { removing: [...removing] } : {}),
  }
}

/** In words, for the record. */
export function inWords(before: PartitionState, after: PartitionState): string {
  return `${before.replicas.join(',')} -> ${targetOf(after).join(',')}`
}

/** Logs that have to be copied. */
export function copiesOf(before: PartitionState, after: PartitionState): number {
  return after.replicas.filter((id) => !before.replicas.includes(id)).length
}
