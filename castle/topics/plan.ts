// Plans: what a write would do, said before it is done. Pure, and made by the very functions that the write itself uses
// (create.ts, change.ts), so that a preview cannot promise what the write does not keep.
import { effectiveConfigs } from '@castellan/protocol'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { drawChange, type FieldChange, type TopicChange } from './change.ts'
import { type Defaults, drawTopic, type NewTopic } from './create.ts'
import type { FieldProblem } from './problems.ts'

export interface CreationPlan {
  readonly problems: readonly FieldProblem[]
  /** Empty where the topic cannot be placed. */
  readonly placement: readonly { readonly partition: number; readonly leader: number; readonly replicas: number[] }[]
  /** How many brokers may be lost at once and every partition still takes messages. */
  readonly survivesBrokers: number
}

export function planCreation(view: View, args: NewTopic, defaults: Defaults): CreationPlan {
  const { placement, problems } = drawTopic(view, args, defaults)
  const partitions = placement.map((replicas, partition) => ({ partition, leader: replicas[0] ?? -1, replicas }))
  return { problems, placement: partitions, survivesBrokers: survivable(args, placement) }
}

/** Racks are not asked: it is said of brokers, whichever they are. */
function survivable({ ackLevel, configs = {} }: NewTopic, placement: readonly number[][]): number {
  const spare = placement.map((replicas) => {
    const needed = ackLevel === 1 || ackLevel === 0 ? 1 : effectiveConfigs(configs, { replicas }).minInsyncReplicas
    return Math.max(0, replicas.length - needed)
  })
  return spare.length === 0 ? 0 : Math.min(...spare)
}

export interface ChangePlan {
  readonly version: number
  readonly changes: readonly FieldChange[]
  /** Less is promised of messages than before. */
  readonly weaker: boolean
  readonly problems: readonly FieldProblem[]
}

export function planChange(view: View, topic: Topic, change: TopicChange): ChangePlan {
  const { after, changes, problems } = drawChange(view, topic, change)
  const weaker = promise[after.ackLevel] < promise[topic.ackLevel]
  return { version: topic.version, changes, weaker, problems }
}

/** How much an ack level promises. */
const promise = { [-1]: 2, [1]: 1, [0]: 0 } as const
