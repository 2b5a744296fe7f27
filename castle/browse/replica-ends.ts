// Where each replica's log ends (LEO): asked of its own broker, as a debug reader may (replica id -2, as in Kafka), whether it leads or
// follows; and how large it is. Beside the high watermark it shows who is behind, and by how much.
import { describeLogDirs, listOffsets } from '@castellan/protocol'
import { CastellanError, type KafkaClient } from '@castellan/sdk/kafka'
import type { Topic } from '../state/entities.ts'
import { patienceMs } from './cluster-clients.ts'
import { onceMore } from './offsets.ts'

export interface ReplicaEnd {
  readonly broker: number
  /** Null: its broker did not tell. */
  readonly end: number | null
  /** Of its segments; null: its broker did not tell. */
  readonly bytes: number | null
}

const debugReader = -2
const latest = -1

/** By partition, in the order of its replicas. Rejects with the signal's reason only. */
export async function findReplicaEnds(
  client: KafkaClient,
  topic: Topic,
  signal?: AbortSignal,
): Promise<ReplicaEnd[][]> {
  const partitionsOf = new Map<number, number[]>()
  for (const [index, { replicas }] of topic.partitions.entries()) {
    for (const broker of replicas) partitionsOf.set(broker, [...(partitionsOf.get(broker) ?? []), index])
  }
  const ends = new Map<number, ReadonlyMap<number, number>>()
  const sizes = new Map<number, ReadonlyMap<number, number>>()
  const asked = [...partitionsOf].flatMap(([broker, partitions]) => [
    askEnds(client, topic.name, broker, partitions, signal).then((found) => ends.set(broker, found)),
    askSizes(client, topic.name, broker, partitions, signal).then((found) => sizes.set(broker, found)),
  ])
  await Promise.all(asked)
  return topic.partitions.map(({ replicas }, index) =>
    replicas.map((broker) => ({
      broker,
      end: ends.get(broker)?.get(index) ?? null,
      bytes: sizes.get(broker)?.get(index) ?? null,
    })),
  )
}

/** Partition -> end of the broker's replica; without those that it did not tell. */
async function askEnds(
  client: KafkaClient,
  name: string,
  broker: number,
  partitions: readonly number[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, number>> {
  const queries = partitions.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: latest }))
  const body = { replicaId: debugReader, topics: [{ name, partitions: queries }], timeoutMs: patienceMs }
  return told(client, broker, signal, async (options) => {
    const answer = await onceMore(() => client.dispatch(listOffsets, body, options))
    const ends = answer.topics[0]?.partitions.filter(({ errorCode }) => errorCode === 0) ?? []
    return new Map(ends.map(({ partitionIndex, offset }) => [partitionIndex, offset]))
  })
}

/** Partition -> bytes of the broker's replica. */
async function askSizes(
  client: KafkaClient,
  name: string,
  broker: number,
  partitions: readonly number[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, number>> {
  const body = { topics: [{ topic: name, partitions: [...partitions] }] }
  return told(client, broker, signal, async (options) => {
    const answer = await onceMore(() => client.dispatch(describeLogDirs, body, options))
    const logs = answer.results.flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions))
    return new Map(logs.map(({ partitionIndex, partitionSize }) => [partitionIndex, partitionSize]))
  })
}

interface Asking {
  readonly broker: number
  readonly lane: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

async function told(
  client: KafkaClient,
  broker: number,
  signal: AbortSignal | undefined,
  ask: (options: Asking) => Promise<ReadonlyMap<number, number>>,
): Promise<ReadonlyMap<number, number>> {
  if (!client.view.brokers.has(broker)) return new Map()
  try {
    return await ask({ broker, lane: 'browse', timeoutMs: patienceMs, signal })
  } catch (error) {
    signal?.throwIfAborted()
    // A broker that does not answer costs its own replicas their ends; why it does not is the leaders' offsets' to say.
    if (error instanceof CastellanError) return new Map()
    throw error
  }
}
