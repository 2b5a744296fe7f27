// Writing one message for a person, at the topic's ack level. Tried once: whoever hears that it may or may not be written looks,
// and decides. At Ack 0 the leader's answer is awaited all the same, because whoever writes by hand wants to see the offset.
import { errorOf, errors, produce } from '@castellan/protocol'
import { BatchBuilder, partitionForKey, RecordError } from '@castellan/protocol/records'
import { type Runtime, randomInt } from '@castellan/protocol/runtime'
import { CastellanError, type KafkaClient } from '@castellan/sdk/kafka'
import { CastleError, messageOf } from '../errors.ts'
import type { Topic } from '../state/entities.ts'
import { partitionUnknown } from './messages.ts'
import { noLeader } from './offsets.ts'

export interface NewMessage {
  /** Left out: by the key, as Kafka's clients do; without one any that has a leader. */
  readonly partition?: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}

export interface Written {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
}

const timeoutMs = 5_000

/** Throws PARTITION_UNKNOWN, TOPIC_INTERNAL, NO_LEADER, MESSAGE_TOO_LARGE, WRITE_REFUSED (not written) or WRITE_UNSURE. */
export async function writeMessage(client: KafkaClient, topic: Topic, message: NewMessage): Promise<Written> {
  const { name, topicId, ackLevel } = topic
  if (topic.internal) {
    throw new CastleError('TOPIC_INTERNAL', `${name} is the platform's own: only it writes there`, { params: { name } })
  }
  const partition = partitionOf(client.runtime, topic, message)
  const broker = topic.partitions[partition]?.leader ?? -1
  if (!client.view.brokers.has(broker)) {
    throw new CastleError('NO_LEADER', noLeader(topic, partition, broker), { params: { name, partition, broker } })
  }
  const timestamp = client.runtime.clock.wallMs()
  const records = batchOf(message, timestamp)
  const topicData = [{ name, topicId, partitionData: [{ index: partition, records }] }]
  const body = { transactionalId: null, acks: ackLevel === -1 ? -1 : 1, timeoutMs, topicData }
  const where = `${name}/${partition}`
  try {
    // The broker gives up first, so that its answer arrives.
    const answer = await client.dispatch(produce, body, {
      broker,
      lane: 'write',
      timeoutMs: timeoutMs + 1_000,
      versionMin: 3,
    })
    const outcome = answer.responses[0]?.partitionResponses[0]
    if (outcome === undefined) throw new CastleError('WRITE_UNSURE', `broker ${broker} said nothing of ${where}`)
    if (outcome.errorCode !== 0) throw refusal(where, outcome.errorCode, outcome.errorMessage ?? null)
    const { baseOffset, logAppendTimeMs } = outcome
    return { partition, offset: baseOffset, timestampMs: logAppendTimeMs >= 0 ? logAppendTimeMs : timestamp }
  } catch (error) {
    throw error instanceof CastellanError ? broken(where, broker, error) : error
  }
}

function partitionOf({ random }: Runtime, topic: Topic, { partition, key }: NewMessage): number {
  const { partitions } = topic
  if (partition !== undefined) {
    if (partition < partitions.length) return partition
    throw partitionUnknown(topic, partition)
  }
  if (key !== null) return partitionForKey(key, partitions.length)
  const led = [...partitions.keys()].filter((id) => (partitions[id]?.leader ?? -1) >= 0)
  return led[randomInt(random, Math.max(1, led.length))] ?? 0
}

function batchOf({ key, value, headers }: NewMessage, timestamp: number): Uint8Array {
  try {
    const builder = new BatchBuilder((key?.length ?? 0) + (value?.length ?? 0) + 1_024)
    builder.append({ key, value, headers, timestamp })
    return builder.build()
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    throw new CastleError('REQUEST_WRONG', messageOf(error), { cause: error })
  }
}

const tooLarge: readonly number[] = [errors.MESSAGE_TOO_LARGE.code, errors.RECORD_LIST_TOO_LARGE.code]
/** Written perhaps. */
const unsure: readonly number[] = [
  errors.REQUEST_TIMED_OUT.code,
  errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND.code,
  errors.UNKNOWN_SERVER_ERROR.code,
]
const leaderless: readonly number[] = [errors.NOT_LEADER_OR_FOLLOWER.code, errors.LEADER_NOT_AVAILABLE.code]

function refusal(where: string, kafkaCode: number, said: string | null): CastleError {
  const { name, message } = errorOf(kafkaCode)
  const params = { where, kafka: name, said: (said ?? message).slice(0, 1_000) }
  const text = `${where}: ${params.said}`.replace(/\.$/, '')
  if (tooLarge.includes(kafkaCode)) return new CastleError('MESSAGE_TOO_LARGE', text, { params })
  if (unsure.includes(kafkaCode)) return new CastleError('WRITE_UNSURE', text, { params })
  return new CastleError(leaderless.includes(kafkaCode) ? 'NO_LEADER' : 'WRITE_REFUSED', text, { params })
}

/** Nothing left this process where no connection could be had; else nobody knows. */
function broken(where: string, broker: number, error: CastellanError): CastleError {
  const isUnsent = error.code === 'CONNECT_FAILED' || error.code === 'NO_BROKER'
  const params = { where, broker, said: error.message.slice(0, 1_000) }
  return new CastleError(isUnsent ? 'NO_LEADER' : 'WRITE_UNSURE', `${where}: ${error.message}`, {
    params,
    cause: error,
  })
}
