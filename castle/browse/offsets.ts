// Offsets of a topic's partitions, asked of those who lead them, who are known here. A broker that does not answer in time
// costs its partitions their offsets, and is said; it never costs the others theirs.
import { errorOf, listOffsets } from '@castellan/protocol'
import { CastellanError, type KafkaClient } from '@castellan/sdk/kafka'
import { messageOf } from '../errors.ts'
import type { Topic } from '../state/entities.ts'
import { patienceMs } from './cluster-clients.ts'

/** The first there is, the one after the last that consumers see, or the first at or after a time (ms since 1970). */
export type Where = 'earliest' | 'latest' | number

export interface OffsetQuery {
  readonly partition: number
  readonly at: Where
}

export interface FoundOffsets {
  /** In the order of the queries; null: it could not be told. -1: nothing is that young. */
  readonly offsets: readonly (number | null)[]
  /** Why some are null: the first reason. */
  readonly problem: string | null
}

const timestamps = { latest: -1, earliest: -2 } as const

/** Never rejects for what brokers do; rejects with the signal's reason. */
export async function findOffsets(
  client: KafkaClient,
  topic: Topic,
  queries: readonly OffsetQuery[],
  signal?: AbortSignal,
): Promise<FoundOffsets> {
  const offsets: (number | null)[] = queries.map(() => null)
  const problems: string[] = []
  const indexes = [...queries.keys()]
  const byLeader = groupByLeader(topic, indexes, (index) => queries[index]?.partition ?? -1)
  await Promise.all(
    [...byLeader].map(async ([broker, asked]) => {
      try {
        const found = await ask(
          client,
          topic,
          broker,
          asked.map((index) => queries[index] as OffsetQuery),
          signal,
        )
        for (const [position, answer] of found.entries()) {
          if (typeof answer === 'number') offsets[asked[position] as number] = answer
          else problems.push(answer)
        }
      } catch (error) {
        signal?.throwIfAborted()
        problems.push(`broker ${broker}: ${messageOf(error)}`)
      }
    }),
  )
  return { offsets, problem: problems[0] ?? null }
}

/** Things of one topic by the broker that leads their partition; -1: none does. */
export function groupByLeader<T>(
  topic: Topic,
  things: readonly T[],
  partitionOf: (thing: T) => number,
): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const thing of things) {
    const leader = topic.partitions[partitionOf(thing)]?.leader ?? -1
    const group = groups.get(leader)
    if (group === undefined) groups.set(leader, [thing])
    else group.push(thing)
  }
  return groups
}

/** An offset, or why there is none, for each query. */
async function ask(
  client: KafkaClient,
  topic: Topic,
  broker: number,
  queries: readonly OffsetQuery[],
  signal: AbortSignal | undefined,
): Promise<(number | string)[]> {
  if (!client.view.brokers.has(broker)) {
    return queries.map(({ partition }) => noLeader(topic, partition, broker))
  }
  // Kafka takes each partition once in a request: the ends are asked for in turns.
  const answers = new Map<OffsetQuery, number | string>()
  for (const round of inRounds(queries)) {
    const partitions = round.map(({ partition, at }) => {
      const timestamp = typeof at === 'number' ? at : timestamps[at]
      return { partitionIndex: partition, currentLeaderEpoch: -1, timestamp }
    })
    const body = { topics: [{ name: topic.name, partitions }], timeoutMs: patienceMs }
    const options = { broker, lane: 'browse', timeoutMs: patienceMs, signal }
    const answer = await onceMore(() => client.dispatch(listOffsets, body, options))
    const found = new Map(answer.topics[0]?.partitions.map((each) => [each.partitionIndex, each]))
    for (const query of round) {
      const { errorCode = -1, offset = -1 } = found.get(query.partition) ?? {}
      answers.set(query, errorCode === 0 ? offset : `${topic.name}/${query.partition}: ${errorOf(errorCode).message}`)
    }
  }
  return queries.map((query) => answers.get(query) ?? `${topic.name}/${query.partition}: not told`)
}

/** A connection that broke is opened anew, once; whoever does not answer is not waited for again. */
export async function onceMore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof CastellanError) || error.code !== 'CONNECTION_LOST') throw error
    return ask()
  }
}

export function noLeader({ name }: Topic, partition: number, broker: number): string {
  return broker < 0
    ? `${name}/${partition} has no leader`
    : `${name}/${partition} is led by broker ${broker}, which is down`
}

/** Lists in which each partition stands once. */
function inRounds(queries: readonly OffsetQuery[]): OffsetQuery[][] {
  const rounds: OffsetQuery[][] = []
  const turns = new Map<number, number>()
  for (const query of queries) {
    const turn = turns.get(query.partition) ?? 0
    turns.set(query.partition, turn + 1)
    const round = rounds[turn]
    if (round === undefined) rounds.push([query])
    else round.push(query)
  }
  return rounds
}
