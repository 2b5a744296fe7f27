// `consume` without a group: reads partitions from their leaders, from where it was told to where it was told.
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient, type Message } from '@castellan/sdk/kafka'
import { apiOf } from '../castle-api.ts'
import type { Input } from '../command.ts'
import { CommandError, sentenceOf } from '../errors.ts'
import type { Io } from '../io.ts'
import { say } from '../output/index.ts'
import { serviceName } from '../sdk.ts'
import { LogReader, type ReadPartition } from './log-reader.ts'
import type { endOf, Place } from './when.ts'

export interface DirectOptions {
  readonly topic: string
  /** Empty: all. */
  readonly partitions: readonly number[]
  readonly from: Place
  readonly until: ReturnType<typeof endOf> | undefined
  take(messages: readonly Message[]): Promise<unknown>
}

/** Resolves at the end, or when `signal` aborts. */
export async function readDirectly(input: Input, io: Io, options: DirectOptions, signal: AbortSignal): Promise<void> {
  const client = await kafkaClient(input, options.topic)
  let timer: NodeJS.Timeout | undefined
  try {
    const admin = new Admin(client)
    const topic = await admin.topic(options.topic)
    const partitions = await placed(admin, options)
    const reader = new LogReader(client, topic, partitions, {
      take: options.take,
      onSkipped: (partition, from, to) => say(io, skippedText(`${options.topic}/${partition}`, from, to)),
      onTrouble: (error) => say(io, `waiting: ${sentenceOf(error)}`),
    })
    const { until } = options
    const waitMs = until === undefined ? undefined : until === 'end' ? 0 : until.ms - Date.now()
    if (waitMs !== undefined && waitMs <= 0) await reader.stopAtEnd()
    else if (waitMs !== undefined) timer = atTime(waitMs, reader)
    await reader.run(signal)
  } finally {
    clearTimeout(timer)
    client.close()
  }
}

function skippedText(where: string, from: number, to: number): string {
  const what = from < to ? `offsets ${from} to ${to - 1} are gone` : `offset ${from} is beyond the end`
  return `${where}: ${what}; going on at ${to}`
}

/** Not beyond the longest timer there is: 24 days. */
function atTime(waitMs: number, reader: LogReader): NodeJS.Timeout {
  return setTimeout(() => void reader.stopAtEnd(), Math.min(waitMs, 2 ** 31 - 1))
}

/** A plain Kafka client of the topic's cluster: Castle knows the brokers, and never hears of this reader. */
async function kafkaClient(input: Input, name: string): Promise<KafkaClient> {
  const api = apiOf(input)
  const { cluster } = await api.get<{ cluster: string }>(`/api/topics/${encodeURIComponent(name)}`, {
    cluster: input.text('cluster'),
  })
  const brokers = await api.list<{ host: string; port: number; state: string }>('/api/brokers', { cluster })
  const bootstrap = brokers.filter(({ state }) => state === 'up')
  if (bootstrap.length === 0) {
    throw new CommandError(`No broker of cluster ${cluster} is up: see castellan status.`, { outcome: 'unavailable' })
  }
  return new KafkaClient(nodeRuntime(), { bootstrap, clientId: serviceName }, silentLogger)
}

async function placed(admin: Admin, { topic, partitions, from }: DirectOptions): Promise<ReadPartition[]> {
  const all = await startOffsets(admin, topic, from)
  const unknown = partitions.find((partition) => !all.some((each) => each.partition === partition))
  if (unknown !== undefined) {
    const sentence = `Topic ${topic} has no partition ${unknown}: it has 0 to ${all.length - 1}.`
    throw new CommandError(sentence, { outcome: 'notFound' })
  }
  const chosen = partitions.length === 0 ? all : all.filter(({ partition }) => partitions.includes(partition))
  return chosen.map(({ partition, offset }) => ({ partition, offset, end: null }))
}

async function startOffsets(
  admin: Admin,
  topic: string,
  from: Place,
): Promise<{ partition: number; offset: number }[]> {
  if (from.kind === 'earliest' || from.kind === 'latest') return await admin.offsets(topic, from.kind)
  if (from.kind === 'offset') {
    const all = await admin.offsets(topic, 'earliest')
    return all.map(({ partition }) => ({ partition, offset: from.offset }))
  }
  // Asked first: what comes in between is younger, and is not missed.
  const ends = await admin.offsets(topic, 'latest')
  const found = await admin.offsets(topic, from.ms)
  return found.map(({ partition, offset }, index) => ({
    partition,
    offset: offset === -1 ? (ends[index]?.offset ?? 0) : offset,
  }))
}
