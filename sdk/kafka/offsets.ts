// Offsets of partitions, asked of their leaders: the ends of the log, or the first at or after a time.
import { errors, groupBy, listOffsets, type ResponseOf } from '@castellan/protocol'
import { CastellanError, refusal } from '../errors.ts'
import type { KafkaClient } from './client.ts'
import { retry } from './retry.ts'

/** Ends of the log as ListOffsets says them; any other number is a time, ms since 1970. */
export const latest = -1
export const earliest = -2

export interface OffsetQuery {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** `earliest`, `latest`, or ms since 1970: the first offset at or after it. */
  readonly at: number
}

export interface FoundOffset {
  /** -1: there is none at or after the time. */
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

type Answer = FoundOffset | CastellanError

/**
 * Asks each partition's leader once. The answers stand in the order of the queries; an error stands for what was refused or
 * could not be asked. OFFSET_NOT_AVAILABLE is one of them (R3): a new leader does not know yet, and nobody may guess.
 */
export async function askOffsets(
  client: KafkaClient,
  queries: readonly OffsetQuery[],
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Answer[]> {
  const answers = new Map<OffsetQuery, Answer>()
  const byLeader = groupBy(queries, ({ topicId, partition }) => client.view.leader(topicId, partition)?.leader ?? -1)
  await Promise.all(
    [...byLeader].map(async ([broker, group]) => {
      const ask = broker < 0 ? noLeader(group) : askLeader(client, broker, group, options)
      for (const [query, answer] of await ask) answers.set(query, answer)
    }),
  )
  if ([...answers.values()].some((answer) => answer instanceof CastellanError)) client.metadata.refresh()
  return queries.map((query) => answers.get(query)!)
}

/** Asks until every partition has answered. Throws what cannot be retried, or the last trouble when the time is up. */
export async function findOffsets(
  client: KafkaClient,
  queries: readonly OffsetQuery[],
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<FoundOffset[]> {
  const found = new Map<OffsetQuery, FoundOffset>()
  await retry(client.runtime, options, async (timeoutMs) => {
    const missing = queries.filter((query) => !found.has(query))
    const answers = await askOffsets(client, missing, { ...options, timeoutMs })
    for (const [index, answer] of answers.entries()) {
      if (!(answer instanceof CastellanError)) found.set(missing[index]!, answer)
    }
    const failed = answers.find((answer) => answer instanceof CastellanError)
    if (failed !== undefined) throw failed
  })
  return queries.map((query) => found.get(query)!)
}

type Answers = readonly (readonly [OffsetQuery, Answer])[]

async function noLeader(queries: readonly OffsetQuery[]): Promise<Answers> {
  return queries.map((query) => [query, refusal(nameOf(query), errors.LEADER_NOT_AVAILABLE.code)])
}

async function askLeader(
  client: KafkaClient,
  broker: number,
  queries: readonly OffsetQuery[],
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Answers> {
  const byTopic = groupBy(queries, ({ topic }) => topic)
  const topics = [...byTopic].map(([name, group]) => ({
    name,
    partitions: group.map(({ topicId, partition, at }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: client.view.leader(topicId, partition)?.leaderEpoch ?? -1,
      timestamp: at,
    })),
  }))
  try {
    const timeoutMs = Math.min(options.timeoutMs, client.requestTimeoutMs)
    const answer = await client.dispatch(listOffsets, { topics, timeoutMs }, { ...options, broker, timeoutMs })
    return queries.map((query) => [query, read(answer, query)])
  } catch (error) {
    if (!(error instanceof CastellanError)) throw error
    return queries.map((query) => [query, error])
  }
}

function read(answer: ResponseOf<typeof listOffsets>, query: OffsetQuery): Answer {
  const topic = answer.topics.find(({ name }) => name === query.topic)
  const found = topic?.partitions.find(({ partitionIndex }) => partitionIndex === query.partition)
  if (found === undefined) return refusal(nameOf(query), errors.UNKNOWN_SERVER_ERROR.code)
  if (found.errorCode !== 0) return refusal(nameOf(query), found.errorCode)
  return { offset: found.offset, timestampMs: found.timestamp, leaderEpoch: found.leaderEpoch }
}

function nameOf({ topic, partition }: OffsetQuery): string {
  return `ListOffsets of ${topic}/${partition}`
}
