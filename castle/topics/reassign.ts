// The replicas of a topic's partitions are changed, or what is under way is taken back: one decision on a draft, drawn by the same
// function for a dry run. What a partition goes through then is placement/reassign.ts; here is who asks, and what is wrong with it.
import { effectiveConfigs } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { type Rules, rulesOf, underRules } from '../election/rules.ts'
import { Standings } from '../election/standing.ts'
import { CastleError } from '../errors.ts'
import { place } from '../placement/placement.ts'
import { begin, cancel, copiesOf, inWords, isReassigning, type Step, targetOf } from '../placement/reassign.ts'
import { type BrokerRoom, checkReplicas, roomsFor, roomsOf } from '../placement/rooms.ts'
import { checkNoDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { type AskedOf, checkVersion, livingTopic } from './change.ts'
import { whyOf } from './create.ts'
import { type FieldProblem, Problems, refuse } from './problems.ts'

/** Replicas for one partition, preferred leader first; null takes back what is under way. */
export interface Reassignment {
  readonly partition: number
  readonly replicas: readonly number[] | null
}

/** One of the three. */
export interface ReassignmentAsked {
  readonly partitions?: readonly Reassignment[]
  /** Every partition gets so many: it keeps those it has, and Castle places the rest. */
  readonly replicationFactor?: number
  /** Takes back everything that is under way. */
  readonly cancel?: true
}

export interface Moved {
  readonly partition: number
  readonly before: PartitionState
  readonly after: PartitionState
}

export interface DrawnReassignment {
  /** All partitions as they would be. */
  readonly after: readonly PartitionState[]
  /** Those that differ. */
  readonly moved: readonly Moved[]
  /** Logs that have to be copied. */
  readonly copies: number
  readonly problems: readonly FieldProblem[]
}

export function reassignTopic(
  draft: Draft,
  reports: BrokerReports,
  cluster: string,
  name: string,
  what: ReassignmentAsked,
  asked: AskedOf = {},
): Topic {
  const topic = livingTopic(draft, cluster, name)
  checkVersion(topic, asked)
  const drawn = drawReassignment(draft, reports, topic, what)
  refuse(drawn.problems)
  return putReassigned(draft, topic, drawn, whyOf(asked))
}

/** What was drawn becomes of the topic; the same topic where nothing differs. */
export function putReassigned(
  draft: Draft,
  topic: Topic,
  { after, moved, copies }: DrawnReassignment,
  why: string,
): Topic {
  if (moved.length === 0) return topic
  const next = { ...topic, partitions: after, version: draft.nextVersion() }
  draft.put('topic', next)
  const words = moved.slice(0, 10).map((each) => `${each.partition}: ${inWords(each.before, each.after)}`)
  const more = moved.length > words.length ? ` and ${moved.length - words.length} more` : ''
  draft.decide({
    kind: 'reassignment',
    what: `replicas of ${topic.name}, ${copies} to be copied: ${words.join('; ')}${more}`.slice(0, 2_000),
    why,
    about: [`topic/${topic.topicId}`],
  })
  return next
}

export function drawReassignment(
  view: View,
  reports: BrokerReports,
  topic: Topic,
  what: ReassignmentAsked,
): DrawnReassignment {
  const problems = new Problems()
  const drawing = new Drawing(view, reports, topic)
  const after = [...topic.partitions]
  problems.attempt('name', () => checkNoDoubt(topic))
  const wanted = problems.attempt('replicationFactor', () => drawing.wanted(what)) ?? []
  for (const { partition, replicas } of problems.found.length > 0 ? [] : wanted) {
    const state = problems.attempt(`partitions.${partition}`, () => drawing.partition(partition, replicas))
    if (state !== undefined) after[partition] = state
  }
  const moved = [...after.keys()].flatMap((partition): Moved[] => {
    const [before, next] = [topic.partitions[partition], after[partition]]
    return before === undefined || next === undefined || before === next ? [] : [{ partition, before, after: next }]
  })
  const copies = moved.reduce((sum, each) => sum + copiesOf(each.before, each.after), 0)
  return { after, moved, copies, problems: problems.found }
}

class Drawing {
  readonly #topic: Topic
  readonly #rooms: readonly BrokerRoom[]
  readonly #standings: Standings
  readonly #rules: (partition: PartitionState) => Rules

  constructor(view: View, reports: BrokerReports, topic: Topic) {
    this.#topic = topic
    this.#rooms = roomsOf(view, topic.cluster)
    this.#standings = new Standings(view, reports)
    this.#rules = rulesOf(topic)
  }

  wanted({ partitions, replicationFactor, cancel: cancels }: ReassignmentAsked): readonly Reassignment[] {
    const all = this.#topic.partitions
    if (partitions !== undefined) return partitions
    if (replicationFactor !== undefined) {
      const placed = roomsFor(this.#rooms, this.#topic.cluster, replicationFactor, (usable) => {
        return place(usable, all.map(targetOf), replicationFactor)
      })
      return placed.map((replicas, partition) => ({ partition, replicas }))
    }
    if (cancels !== true) throw new CastleError('REQUEST_WRONG', 'nothing is asked for')
    return all.flatMap((state, partition) => (isReassigning(state) ? [{ partition, replicas: null }] : []))
  }

  partition(partition: number, replicas: readonly number[] | null): PartitionState {
    const { name, cluster, partitions, topicId } = this.#topic
    const before = partitions[partition]
    if (before === undefined) {
      const message = `${name} has no partition ${partition}`
      throw new CastleError('PARTITION_UNKNOWN', message, { params: { name, partition } })
    }
    const canLead = (id: number) => this.#standings.of(id, topicId, partition) === 'fit'
    if (replicas === null) {
      if (isReassigning(before)) return this.#done(partition, before, cancel(before, this.#rules(before), canLead))
      const message = `nothing is under way for partition ${partition} of ${name}`
      throw new CastleError('REASSIGNMENT_NONE', message, { params: { name, partition } })
    }
    checkReplicas(this.#rooms, cluster, partition, replicas, before.replicas)
    this.#checkMinInsync(partition, replicas)
    if (sameOrder(replicas, targetOf(before))) return before
    return this.#done(partition, before, begin(before, replicas, this.#rules(before), canLead))
  }

  #checkMinInsync(partition: number, replicas: readonly number[]): void {
    const { minInsyncReplicas } = effectiveConfigs(this.#topic.configs, { replicas })
    if (minInsyncReplicas <= replicas.length) return
    const message = `partition ${partition} is to have ${replicas.length} replicas, but min.insync.replicas is ${minInsyncReplicas}`
    const params = { partition, replicationFactor: replicas.length, limit: minInsyncReplicas }
    throw new CastleError('REPLICAS_WRONG', message, {
      params,
      next: 'Give more replicas, or lower min.insync.replicas first.',
    })
  }

  #done(partition: number, before: PartitionState, step: Step): PartitionState {
    // Of another number of replicas fewer may be enough.
    if (step.kind === 'done') return underRules(step.state, this.#rules(step.state), this.#rules(before))
    const { name } = this.#topic
    const message = `too few of the replicas that would stay are in sync in partition ${partition} of ${name}`
    throw new CastleError('REPLICAS_NOT_IN_SYNC', message, { params: { name, partition } })
  }
}

function sameOrder(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((id, index) => others[index] === id)
}
