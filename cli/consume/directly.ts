// `consume` without a group: reads partitions from their leaders, from where it was told to where it was told.
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient, type Message, type TopicView } from '@castellan/sdk/kafka'
import { apiOf } from '../castle-api.ts'
import type { Input } from '../command.ts'
import { CommandError, sentenceOf } from '../errors.ts'
import type { Io } from '../io.ts'
import { say } from '../output/index.ts'
import { serviceName } from '../sdk.ts'
import { LogReader } from './log-reader.ts'
import type { endOf, Place } from './when.ts'

export interface DirectOptions {
  readonly topic: string
  /** Empty: all. */
  readonly partitions: readonly number[]
  readonly from: Place
  readonly until: ReturnType<typeof endOf> | undefined
  take(messages: readonly Message[]): Promise<unknown>
}

/** Resolves at the end, or when `ended` aborts or a person stops it: whether everything could be read so far. */
export async function readDirectly(
  input: Input,
  io: Io,
  options: DirectOptions,
  ended: AbortSignal,
): Promise<'read' | 'waiting'> {
  const client = await kafkaClient(input, options.topic)
  let forget = () => {}
  try {
    const topic = await new Admin(client).topic(options.topic)
    const place = { partitions: chosen(topic, options.partitions), from: options.from }
    const reader = new LogReader(client, topic, place, {
      take: options.take,
      onSkipped: (partition, from, to) => say(io, skippedText(`${options.topic}/${partition}`, from, to)),
      onTrouble: (error) => say(io, `waiting: ${sentenceOf(error)}`),
    })
    const { until } = options
    if (until === 'end') reader.stopAtEnd()
    else if (until !== undefined) forget = atTime(until.ms, () => reader.stopAtEnd())
    await reader.run(AbortSignal.any([ended, io.stopped()]))
    return reader.isInTrouble ? 'waiting' : 'read'
  } finally {
    forget()
    client.close()
  }
}

function skippedText(where: string, from: number, to: number): string {
  const what = from < to ? `offsets ${from} to ${to - 1} are gone` : `offset ${from} is beyond the end`
  return `${where}: ${what}; going on at ${to}`
}

/** A timer runs for 24 days at most: then it is set again. Returns what stops it. */
function atTime(ms: number, then: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    const leftMs = ms - Date.now()
    if (leftMs <= 0) then()
    else timer = setTimeout(wait, Math.min(leftMs, 2 ** 31 - 1))
  }
  wait()
  return () => clearTimeout(timer)
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

function chosen({ name, partitions }: TopicView, wanted: readonly number[]): number[] {
  const all = partitions.map((_, partition) => partition)
  const unknown = wanted.find((partition) => !all.includes(partition))
  if (unknown !== undefined) {
    const sentence = `Topic ${name} has no partition ${unknown}: it has 0 to ${all.length - 1}.`
    throw new CommandError(sentence, { outcome: 'notFound' })
  }
  return wanted.length === 0 ? all : all.filter((partition) => wanted.includes(partition))
}
