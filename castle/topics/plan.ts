// Plans: what a write would do, said before it is done. Pure, and made by the very functions that the write itself uses
// (create.ts, change.ts), so that a preview cannot promise what the write does not keep.
import { effectiveConfigs } from '@castellan/protocol'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { drawChange, type FieldChange, type TopicChange } from './change.ts'
import { type Defaults, drawTopic, type FieldProblem, type NewTopic } from './create.ts'

export interface CreationPlan {
  readonly problems: readonly FieldProblem[]
  /** Empty where the topic cannot be placed. */
  readonly placement: readonly { readonly partition: number; readonly leader: number; readonly replicas: number[] }[]
  /** How many brokers may be lost at once and every partition still takes messages. */
  readonly survivesBrokers: number
}

export function planCreation(view: View, args: NewTopic, defaults: Defaults): CreationPlan {
  const { brokers, problems } = drawTopic(view, args, defaults)
  const placement = brokers.map((broker, partition) => ({ partition, leader: broker, replicas: [broker] }))
  const replicas = Math.min(...placement.map((each) => each.replicas.length))
  const needed = args.ackLevel === 1 || args.ackLevel === 0 ? 1 : minInsync(args.configs ?? {})
  return { problems, placement, survivesBrokers: placement.length === 0 ? 0 : Math.max(0, replicas - needed) }
}

export interface ChangePlan {
  readonly version: number
  readonly changes: readonly FieldChange[]
  /** Less is promised of messages than before. */
  readonly weaker: boolean
  readonly problems: readonly FieldProblem[]
}

export function planChange(topic: Topic, change: TopicChange): ChangePlan {
  const { after, changes, problems } = drawChange(topic, change)
  const weaker = promise[after.ackLevel] < promise[topic.ackLevel]
  return { version: topic.version, changes, weaker, problems }
}

/** How much an ack level promises. */
const promise = { [-1]: 2, [1]: 1, [0]: 0 } as const

function minInsync(configs: Readonly<Record<string, string>>): number {
  return effectiveConfigs(configs).minInsyncReplicas
}
