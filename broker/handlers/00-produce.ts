// Produce (0), versions 3 to 13: batches for partitions that this broker leads. Advertised from version 0, because old
// librdkafka takes a missing 0 for "no message format 1" (KAFKA-18659); versions 0 to 2 are answered UNSUPPORTED_VERSION.
//
//   each partition's records -> leader here? -> Partition.append at the topic's ack level -> answer when all are done
//
//   - Nobody weakens an Ack -1 topic: weaker acks are raised to the topic's level (design.md, decision 4).
//   - acks=0 is never answered, also when raised; an error closes the connection, so that the client notices.
//   - What is not acknowledged within `timeoutMs` is answered REQUEST_TIMED_OUT: written perhaps, and safe to retry.
//
//  3 transactional id   5 log start offset   7 zstd   8 record errors   9 flexible   10 current leader (KIP-951)
// 11, 12 transactions (KIP-890)   13 topic ids (KIP-516)
import {
  produce as api,
  errors,
  type ProduceRequest as Request,
  type ProduceResponseInput as Response,
  type Slab,
} from '@castellan/protocol'
import type { TopicState } from '@castellan/protocol/heartbeat'
import type { AppendResult } from '../partition/index.ts'
import { refusedAppend } from '../partition/results.ts'
import { Waiting } from './deadlines.ts'
import { type BrokerParts, handler, type RequestContext } from './handler.ts'
import { endpointsOf, type LeaderIdAndEpoch, leaderInstead } from './leaders.ts'
import { findLeader, findTopic, unknownTopicError } from './lookup.ts'

type RequestTopic = Request['topicData'][number]
type RequestPartition = RequestTopic['partitionData'][number]

interface PartitionAnswer {
  readonly index: number
  errorCode: number
  baseOffset: number
  logAppendTimeMs: number
  logStartOffset: number
  errorMessage: string | null
  currentLeader: LeaderIdAndEpoch | null
}

interface TopicAnswer {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: PartitionAnswer[]
}

const recordsV2Since = 3
const topicIdsSince = 13

export const produce = handler(
  api,
  (request, context) =>
    new Promise<Response | null>((resolve) => new Production(request, context, resolve).start(request, context)),
)

/** The stronger of two ack levels: -1, then 1, then 0. */
export function strongerAcks(acks: -1 | 0 | 1, ackLevel: -1 | 0 | 1): -1 | 0 | 1 {
  if (acks === -1 || ackLevel === -1) return -1
  return acks > ackLevel ? acks : ackLevel
}

/**
 * One Produce request, until each of its partitions has said what became of it. It does not hold on to the request, for a partition holds on to
 * it, also when its time is over: until the replicas are back, which may be hours, in which its client sends all of it again and again.
 */
class Production extends Waiting {
  readonly #broker: BrokerParts
  readonly #acks: number
  /** Of acks=0 alone. */
  #closeConnection: ((reason: string) => void) | null = null
  readonly #resolve: (response: Response | null) => void
  readonly #byId: boolean
  readonly #topics: TopicAnswer[] = []
  #leaders: LeaderIdAndEpoch[] | null = null
  #firstError = 0
  /** Partitions that have not answered yet, and one more until all were asked. */
  #left = 1
  #isOver = false

  constructor(request: Request, context: RequestContext, resolve: (response: Response | null) => void) {
    super()
    this.#broker = context.broker
    this.#acks = request.acks
    if (request.acks === 0) this.#closeConnection = (reason) => context.closeConnection(reason)
    this.#resolve = resolve
    this.#byId = context.apiVersion >= topicIdsSince
  }

  start(request: Request, context: RequestContext): void {
    for (const topic of request.topicData) this.#startTopic(topic, request, context)
    this.#answered()
    if (!this.#isOver) this.#broker.deadlines.add(this, request.timeoutMs)
  }

  /** Partitions that have not answered stand at REQUEST_TIMED_OUT. */
  override expire(): void {
    this.#firstError ||= errors.REQUEST_TIMED_OUT.code
    this.#finish()
  }

  #startTopic({ name, topicId, partitionData }: RequestTopic, request: Request, context: RequestContext): void {
    const topic = findTopic(this.#broker, name, topicId, this.#byId)
    const answers: PartitionAnswer[] = []
    this.#topics.push({ name, topicId, partitionResponses: answers })
    const refusal = this.#refusal(topic, request, context)
    for (const partition of partitionData) {
      const answer = timedOut(partition.index)
      answers.push(answer)
      this.#left++
      if (refusal !== 0 || !topic) this.#done(topic, answer, refusedAppend(refusal))
      else this.#startPartition(topic, partition, answer, context.slab)
    }
  }

  #startPartition(topic: TopicState, { index, records }: RequestPartition, answer: PartitionAnswer, slab: Slab): void {
    const partition = findLeader(this.#broker, topic, index)
    if (typeof partition === 'number') return this.#done(topic, answer, refusedAppend(partition))
    if (records === null) return this.#done(topic, answer, refusedAppend(errors.INVALID_RECORD.code, 'no records'))
    const acks = strongerAcks(this.#acks as -1 | 0 | 1, topic.ackLevel)
    partition.append(records, slab, acks, (result) => this.#done(topic, answer, result))
  }

  /** What is wrong with the request as a whole, or with this topic; 0: nothing. */
  #refusal(topic: TopicState | undefined, { acks, transactionalId }: Request, { apiVersion }: RequestContext): number {
    if (apiVersion < recordsV2Since) return errors.UNSUPPORTED_VERSION.code
    if (acks < -1 || acks > 1) return errors.INVALID_REQUIRED_ACKS.code
    if (transactionalId !== null) return errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code
    if (!topic) return unknownTopicError(this.#broker, this.#byId)
    return topic.internal ? errors.INVALID_TOPIC_EXCEPTION.code : 0
  }

  #done(topic: TopicState | undefined, answer: PartitionAnswer, result: AppendResult): void {
    if (this.#isOver) return
    answer.errorCode = result.errorCode
    answer.baseOffset = result.baseOffset
    answer.logAppendTimeMs = result.logAppendTimeMs
    answer.logStartOffset = result.logStartOffset
    if (result.errorCode !== 0) this.#failed(topic, answer, result)
    this.#answered()
  }

  #failed(topic: TopicState | undefined, answer: PartitionAnswer, { errorCode, errorMessage }: AppendResult): void {
    this.#broker.counters.error(api.key, errorCode)
    this.#firstError ||= errorCode
    answer.errorMessage = errorMessage ?? null
    if (!topic) return
    answer.currentLeader = leaderInstead(this.#broker.metadata, topic.topicId, answer.index, errorCode)
    if (!answer.currentLeader) return
    this.#leaders ??= []
    this.#leaders.push(answer.currentLeader)
  }

  #answered(): void {
    this.#left--
    if (this.#left > 0 || this.#isOver) return
    this.#broker.deadlines.remove(this)
    this.#finish()
  }

  #finish(): void {
    this.#isOver = true
    if (this.#acks === 0) {
      if (this.#firstError !== 0) this.#closeConnection?.(`Produce with acks=0 failed with error ${this.#firstError}`)
      this.#closeConnection = null
      return this.#resolve(null)
    }
    const nodeEndpoints = this.#leaders ? endpointsOf(this.#broker.metadata, this.#leaders) : []
    this.#resolve({ responses: this.#topics, nodeEndpoints })
  }
}

function timedOut(index: number): PartitionAnswer {
  return {
    index,
    errorCode: errors.REQUEST_TIMED_OUT.code,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    errorMessage: null,
    currentLeader: null,
  }
}
