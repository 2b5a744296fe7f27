// A topic is changed or deleted: one decision on a draft. Only what brokers and clients must learn raises its version; owner,
// description and labels are for people.
import { CastleError } from '../errors.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { checkConfigs } from './create.ts'
import { checkLabels } from './labels.ts'

export interface TopicChange {
  readonly ackLevel?: -1 | 1 | 0
  /** By name; null takes the setting back to its default. */
  readonly configs?: Readonly<Record<string, string | null>>
  /** Must be what it is: this version adds no partitions. */
  readonly partitions?: number
  readonly description?: string
  readonly owner?: string
  /** By name; null removes the label. */
  readonly labels?: Readonly<Record<string, string | null>>
}

export function changeTopic(draft: Draft, cluster: string, name: string, change: TopicChange): Topic {
  const topic = livingTopic(draft, cluster, name)
  if (topic.internal) throw new CastleError('TOPIC_INTERNAL', `${name} is the platform's own and cannot be changed`)
  if (change.partitions !== undefined && change.partitions !== topic.partitions.length) {
    const message = `partitions is ${change.partitions}, but ${name} has ${topic.partitions.length}, and this version cannot change that`
    throw new CastleError('PARTITIONS_WRONG', message, { next: 'Create another topic with that many partitions.' })
  }
  const configs = merged(topic.configs, change.configs)
  checkConfigs(configs)
  const labels = merged(topic.labels, change.labels)
  checkLabels(name, labels)
  const changed: Topic = {
    ...topic,
    ackLevel: change.ackLevel ?? topic.ackLevel,
    configs,
    description: change.description ?? topic.description,
    owner: change.owner ?? topic.owner,
    labels,
  }
  const differences = differencesOf(topic, changed)
  if (differences.length === 0) return topic
  const mustBeHeard = changed.ackLevel !== topic.ackLevel || !sameTexts(changed.configs, topic.configs)
  const next = mustBeHeard ? { ...changed, version: draft.nextVersion() } : changed
  draft.put('topic', next)
  draft.decide({
    kind: 'topic-changed',
    what: `changed topic ${name}: ${differences.join(', ')}`.slice(0, 2_000),
    why: 'asked for',
    about: [`topic/${topic.topicId}`],
  })
  return next
}

/** Records the deletion (R13): brokers remove their logs when they hear of it, whenever that is. */
export function deleteTopic(draft: Draft, topic: Topic): void {
  if (topic.internal)
    throw new CastleError('TOPIC_INTERNAL', `${topic.name} is the platform's own and cannot be deleted`)
  const holders = [...new Set(topic.partitions.flatMap(({ replicas }) => replicas))]
  draft.put('topic', { ...topic, deleted: true, partitions: [], holders, version: draft.nextVersion() })
  draft.decide({
    kind: 'topic-deleted',
    what: `deleted topic ${topic.name} with ${topic.partitions.length} partitions from cluster ${topic.cluster}`,
    why: 'asked for',
    about: [`topic/${topic.topicId}`, `cluster/${topic.cluster}`],
  })
}

export function livingTopic(draft: Draft, cluster: string, name: string): Topic {
  const topic = draft.topicNamed(cluster, name)
  if (topic === undefined)
    throw new CastleError('TOPIC_UNKNOWN', `there is no topic '${name.slice(0, 300)}' in cluster '${cluster}'`)
  return topic
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

function sameTexts(a: Texts, b: Texts): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** What changes, as people read it. */
function differencesOf(before: Topic, after: Topic): string[] {
  const differences: string[] = []
  if (before.ackLevel !== after.ackLevel) differences.push(`ackLevel ${before.ackLevel} -> ${after.ackLevel}`)
  for (const name of new Set([...Object.keys(before.configs), ...Object.keys(after.configs)])) {
    const [from, to] = [before.configs[name] ?? 'default', after.configs[name] ?? 'default']
    if (from !== to) differences.push(`${name} ${from} -> ${to}`)
  }
  if (before.description !== after.description) differences.push('description')
  if (before.owner !== after.owner) differences.push(`owner '${before.owner}' -> '${after.owner}'`)
  if (!sameTexts(before.labels, after.labels)) differences.push('labels')
  return differences
}
