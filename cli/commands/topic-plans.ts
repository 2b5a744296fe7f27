// What Castle says would happen (its dry runs), as people read it before they agree.
import type { Output } from '../io.ts'
import { counted, harmless, paint, table } from '../output/index.ts'

interface Problem {
  readonly field: string
  readonly message: string
}

export interface CreatePlan {
  readonly valid: boolean
  readonly problems: readonly Problem[]
  readonly placement: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
  }[]
  readonly survivesBrokers: number
}

export interface TopicPlan {
  readonly version: number
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[]
  /** The ack level falls. */
  readonly weaker: boolean
  readonly problems: readonly Problem[]
  readonly clients: { readonly total: number; readonly linked: number }
  readonly brokers: number
}

export interface DeletePlan {
  readonly version: number
  readonly partitions: number
  /** Null: not all brokers could tell. */
  readonly messages: number | null
  readonly groups: readonly string[]
  readonly clients: number
}

export function createPreview(out: Output, name: string, plan: CreatePlan): string {
  if (!plan.valid) return [`Topic ${name} cannot be made so:`, ...problemLines(out, plan.problems)].join('\n')
  const rows = plan.placement.map(({ partition, leader, replicas }) => [partition, leader, replicas.join(',')])
  const survives = `It survives the loss of ${counted(plan.survivesBrokers, 'broker')}.`
  return [`Topic ${name} would be made so. ${survives}`, table(out, ['PARTITION', 'LEADER', 'REPLICAS'], rows)].join(
    '\n',
  )
}

export function changePreview(out: Output, name: string, plan: TopicPlan): string {
  const { changes, problems, clients, brokers } = plan
  if (problems.length > 0) return [`Topic ${name} cannot be changed so:`, ...problemLines(out, problems)].join('\n')
  if (changes.length === 0) return `Topic ${name} is so already: nothing changes.`
  const lines = changes.map(({ field, from, to }) => `  ${field}: ${shown(from)} -> ${paint(out, 'bold', shown(to))}`)
  const weaker =
    'It becomes weaker: messages that count as sent can be lost when a broker dies (at 1 about the last second, at 0 any).'
  return [
    `Topic ${name}:`,
    ...lines,
    ...(plan.weaker ? [paint(out, 'yellow', weaker)] : []),
    `Followed at once by ${counted(clients.linked, 'client')} (${clients.total} known) and ${counted(brokers, 'broker')}.`,
  ].join('\n')
}

export function deletePreview(name: string, plan: DeletePlan): string {
  const messages = plan.messages === null ? 'an unknown number of messages' : counted(plan.messages, 'message')
  const groups =
    plan.groups.length === 0
      ? 'No group has a member that reads it now (one may have committed offsets)'
      : `${counted(plan.groups.length, 'group')} (${harmless(plan.groups.join(', '))}) read it`
  return [
    `Topic ${name} has ${counted(plan.partitions, 'partition')} with ${messages}.`,
    `${groups}; ${counted(plan.clients, 'client')} use it. Deleted is deleted: there is no way back.`,
  ].join('\n')
}

function problemLines(out: Output, problems: readonly Problem[]): string[] {
  return problems.map(({ field, message }) => `  ${paint(out, 'red', field)}: ${message}`)
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'default'
  return harmless(typeof value === 'string' && value !== '' ? value : JSON.stringify(value))
}
