// A topic is changed or deleted: one decision on a draft. Only what brokers and clients must learn raises its version; owner,
// description and labels are for people.
import { replicationFactorOf } from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { rulesOf, underRules } from '../election/rules.ts'
import { CastleError } from '../errors.ts'
import { place } from '../placement/placement.ts'
import { targetOf } from '../placement/reassign.ts'
import { roomsFor, roomsOf } from '../placement/rooms.ts'
import { checkNoDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { type Asked, configProblems, newPartition, partitionsMax, partitionsWrong, whyOf } from './create.ts'
import { checkLabels } from './labels.ts'
import { type FieldProblem, Problems, refuse } from './problems.ts'

export interface TopicChange {
  readonly ackLevel?: -1 | 1 | 0
  /** By name; null takes the setting back to its default. */
  readonly configs?: Readonly<Record<string, string | null>>
  /** As many as there are, or more; keys go to other partitions then. */
  readonly partitions?: number
  readonly description?: string
  readonly owner?: string
  /** By name; null removes the label. */
  readonly labels?: Readonly<Record<string, string | null>>
}

/** What was asked, and of which topic: `ifVersion` is the one that the person saw. */
export interface AskedOf extends Asked {
  readonly ifVersion?: number
}

/** One field as it is and as it would be; null: the default, or nothing. */
export interface FieldChange {
  readonly field: string
  readonly from: string | number | null
  readonly to: string | number | null
}

export function changeTopic(
  draft: Draft,
  cluster: string,
  name: string,
  change: TopicChange,
  asked: AskedOf = {},
): Topic {
  const topic = livingTopic(draft, cluster, name)
  checkVersion(topic, asked)
  const { after, changes, problems } = drawChange(draft, topic, change)
  refuse(problems)
  if (changes.length === 0) return topic
  const next = mustBeHeard(changes)
    ? { ...after, partitions: ruled(topic, after), version: draft.nextVersion() }
    : after
  draft.put('topic', next)
  draft.decide({
    kind: 'topic-changed',
    what: `changed topic ${name}: ${inWords(changes)}`.slice(0, 2_000),
    why: whyOf(asked),
    about: [`topic/${topic.topicId}`],
  })
  return next
}

function ruled(before: Topic, after: Topic): PartitionState[] {
  const [rulesBefore, rules] = [rulesOf(before), rulesOf(after)]
  return after.partitions.map((partition) => underRules(partition, rules(partition), rulesBefore(partition)))
}

/** The topic as it would be, what differs, and everything that is wrong with the change. */
export function drawChange(
  view: View,
  topic: Topic,
  change: TopicChange,
): { after: Topic; changes: FieldChange[]; problems: FieldProblem[] } {
  const problems = new Problems()
  const { name } = topic
  problems.attempt('name', () => {
    if (topic.internal) throw internal(name, 'changed')
    checkNoDoubt(topic)
  })
  const partitions = problems.attempt('partitions', () => partitionsAfter(view, topic, change.partitions))
  const after: Topic = {
    ...topic,
    ackLevel: change.ackLevel ?? topic.ackLevel,
    configs: merged(topic.configs, change.configs),
    description: change.description ?? topic.description,
    owner: change.owner ?? topic.owner,
    labels: merged(topic.labels, change.labels),
    partitions: partitions ?? topic.partitions,
  }
  problems.found.push(...configProblems(after.configs, replicasOf(topic)))
  problems.attempt('labels', () => checkLabels(name, after.labels))
  return { after, changes: changesBetween(topic, after), problems: problems.found }
}

/** Those that are there, and new ones with as many replicas, placed as a new topic's are. */
function partitionsAfter(view: View, topic: Topic, count: number | undefined): readonly PartitionState[] {
  const { name, cluster, partitions } = topic
  if (count === undefined || count === partitions.length) return partitions
  if (count > partitionsMax) throw partitionsWrong(count)
  if (count < partitions.length) {
    const message = `partitions is ${count}, but ${name} has ${partitions.length}, and none can be taken away`
    const next = 'Create another topic with that many partitions.'
    const params = { name, partitions: count, present: partitions.length }
    throw new CastleError('PARTITIONS_WRONG', message, { next, params })
  }
  const beside = partitions.map(targetOf)
  const replicationFactor = beside[0]?.length ?? 1
  const further = Array<number[]>(count - partitions.length).fill([])
  const placed = roomsFor(roomsOf(view, cluster), cluster, replicationFactor, (usable) => {
    return place(usable, further, replicationFactor, beside)
  })
  return [...partitions, ...placed.map(newPartition)]
}

/** Records the deletion (R13): brokers remove their logs when they hear of it, whenever that is. */
export function deleteTopic(draft: Draft, topic: Topic, asked: AskedOf = {}): void {
  checkVersion(topic, asked)
  if (topic.internal) throw internal(topic.name, 'deleted')
  checkNoDoubt(topic)
  const holders = holdersOf(topic)
  draft.put('topic', { ...topic, deleted: true, partitions: [], holders, version: draft.nextVersion() })
  draft.decide({
    kind: 'topic-deleted',
    what: `deleted topic ${topic.name} with ${topic.partitions.length} partitions from cluster ${topic.cluster}`,
    why: whyOf(asked),
    about: [`topic/${topic.topicId}`, `cluster/${topic.cluster}`],
  })
}

/** Brokers that have logs of a topic, or may. */
export function holdersOf({ partitions }: Pick<Topic, 'partitions'>): number[] {
  return [...new Set(partitions.flatMap(({ replicas, removed = [] }) => [...replicas, ...removed]))]
}

/** Throws TOPIC_UNKNOWN. */
export function livingTopic(view: View, cluster: string, name: string): Topic {
  const topic = view.topicNamed(cluster, name)
  if (topic !== undefined) return topic
  const params = { name: name.slice(0, 300), cluster }
  throw new CastleError('TOPIC_UNKNOWN', `there is no topic '${params.name}' in cluster '${cluster}'`, { params })
}

/** The living topic of that id in the cluster. Throws TOPIC_UNKNOWN. */
export function topicWithId(view: View, cluster: string, topicId: string): Topic {
  const topic = view.get('topic', topicId)
  if (topic !== undefined && !topic.deleted && topic.cluster === cluster) return topic
  const message = `there is no topic with id ${topicId} in cluster '${cluster}'`
  throw new CastleError('TOPIC_UNKNOWN', message, { params: { topicId, cluster } })
}

/** Whoever decided on what they saw must have seen what is there now. */
export function checkVersion({ name, version }: Topic, { ifVersion }: AskedOf): void {
  if (ifVersion === undefined || ifVersion === version) return
  const message = `topic '${name}' is at version ${version} by now, not at ${ifVersion}`
  throw new CastleError('PLAN_OUTDATED', message, { params: { name, version, ifVersion } })
}

function internal(name: string, done: string): CastleError {
  return new CastleError('TOPIC_INTERNAL', `${name} is the platform's own and cannot be ${done}`, { params: { name } })
}

/** Of its partitions the fewest; undefined: it has none. */
function replicasOf({ partitions }: Topic): number | undefined {
  return partitions.length === 0 ? undefined : Math.min(...partitions.map(replicationFactorOf))
}

type Texts = Readonly<Record<string, string>>

function merged(before: Texts, change: Readonly<Record<string, string | null>> = {}): Texts {
  const after = { ...before }
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete after[name]
    else after[name] = value
  }
  return after
}

/** What brokers and clients act on; the rest is for people. */
function mustBeHeard(changes: readonly FieldChange[]): boolean {
  return changes.some(({ field }) => field === 'ackLevel' || field === 'partitions' || field.startsWith('configs.'))
}

function changesBetween(before: Topic, after: Topic): FieldChange[] {
  const plain = (['ackLevel', 'description', 'owner'] as const).map((field) => {
    return { field, from: before[field], to: after[field] }
  })
  const all = [
    ...plain,
    { field: 'partitions', from: before.partitions.length, to: after.partitions.length },
    ...textChanges('configs', before.configs, after.configs),
    ...textChanges('labels', before.labels, after.labels),
  ]
  return all.filter(({ from, to }) => from !== to)
}

function textChanges(group: string, before: Texts, after: Texts): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.map((name) => ({ field: `${group}.${name}`, from: before[name] ?? null, to: after[name] ?? null }))
}

/** What changes, as people read it in the record. */
function inWords(changes: readonly FieldChange[]): string {
  const words = changes.map(({ field, from, to }) => {
    if (field === 'ackLevel' || field === 'partitions') return `${field} ${from} -> ${to}`
    if (field === 'owner') return `owner '${from}' -> '${to}'`
    if (field.startsWith('configs.'))
      return `${field.slice('configs.'.length)} ${from ?? 'default'} -> ${to ?? 'default'}`
    return field.split('.')[0] ?? field
  })
  return [...new Set(words)].join(', ')
}
