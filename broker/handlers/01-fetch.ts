// Fetch (1), versions 4 to 18: batches for consumers, as stored, below the high watermark (R3).
//
//   read all partitions --enough, or an error, or no wait--> answer
//        ^        '------- not enough --> wait until one of them changes, or max wait has passed
//        '------------------------------------'
//
//   - The first batch is answered even when it is larger than every limit, so that a consumer gets on (KIP-74).
//   - Cold data is read off the loop; other requests go on meanwhile, answers keep their order. It takes memory that all
//     fetches share (ResponseMemory): without room for it, a fetch that holds nothing waits its turn, and one that holds
//     something answers that.
//   - Sessions (KIP-227) are not kept yet: who asks for one gets id 0, and goes on with full fetches.
//   - There are no transactions yet: the last stable offset is the high watermark.
//
//  5 log start offset   7 sessions   9 leader epoch (KIP-320)   10 zstd   11 rack   12 flexible, last fetched epoch
// 13 topic ids (KIP-516)   15 replica state   16 leaders' endpoints (KIP-951)   17 directory id   18 high watermark
import {
  fetch as api,
  errors,
  type FetchRequest as Request,
  type FetchResponseInput as Response,
} from '@castellan/protocol'
import type { Timer } from '@castellan/protocol/runtime'
import type { Partition, ReadResult } from '../partition/index.ts'
import { emptyRead } from '../partition/results.ts'
import type { ResponseRoom } from '../server/response-memory.ts'
import { handler, type RequestContext } from './handler.ts'
import { endpointsOf, type LeaderIdAndEpoch, leaderInstead } from './leaders.ts'
import { findLeader, findTopic, unknownTopicError } from './lookup.ts'

type RequestPartition = Request['topics'][number]['partitions'][number]
type TopicAnswer = Response['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

const topicIdsSince = 13
const readCommitted = 1

export const fetch = handler(api, (request, context) => {
  // Epoch 0 asks for a session, -1 for none; any other is of a session that nobody has.
  if (request.sessionId !== 0 || request.sessionEpoch > 0)
    return { errorCode: errors.FETCH_SESSION_ID_NOT_FOUND.code, responses: [] }
  return new Promise<Response | null>((resolve, reject) => new Fetching(request, context, resolve, reject).start())
})

/** One partition of the request, and what was read of it last. */
interface Slot {
  readonly asked: RequestPartition
  readonly topicId: string
  /** Null: `failure` says why. */
  readonly partition: Partition | null
  readonly failure: number
  result: ReadResult
  divergingEpoch: { epoch: number; endOffset: number } | null
}

class Fetching {
  readonly #request: Request
  readonly #context: RequestContext
  readonly #resolve: (response: Response | null) => void
  readonly #reject: (error: unknown) => void
  readonly #byId: boolean
  readonly #maxBytes: number
  /** In the order of the request, topic after topic. */
  readonly #slots: Slot[] = []
  #bytes = 0
  /** Something is to be told at once: an error, or a diverging epoch. */
  #isUrgent = false
  #mayWait: boolean
  #state: 'reading' | 'queued' | 'waiting' | 'woken' | 'over' = 'reading'
  #isAbandoned = false
  #isWatchingAbandon = false
  /** Of what is read from files; null: nothing was. */
  #room: ResponseRoom | null = null
  /** While 'queued'. */
  #turn: { cancel(): void } | null = null
  #timer: Timer | null = null
  #watches: (() => void)[] = []

  constructor(
    request: Request,
    context: RequestContext,
    resolve: (response: Response | null) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request
    this.#context = context
    this.#resolve = resolve
    this.#reject = reject
    this.#byId = context.apiVersion >= topicIdsSince
    this.#maxBytes = Math.min(request.maxBytes, context.broker.config.fetchMaxBytes)
    this.#mayWait = request.maxWaitMs > 0
  }

  start(): void {
    for (const topic of this.#request.topics) {
      for (const asked of topic.partitions) this.#slots.push(this.#slot(topic, asked))
    }
    this.#read(0)
  }

  #slot({ topic: name, topicId }: { topic: string; topicId: string }, asked: RequestPartition): Slot {
    const { broker } = this.#context
    const topic = findTopic(broker, name, topicId, this.#byId)
    const found = topic ? findLeader(broker, topic, asked.partition) : unknownTopicError(broker, this.#byId)
    const partition = typeof found === 'number' ? null : found
    const failure = typeof found === 'number' ? found : this.#isFollower() ? errors.REPLICA_NOT_AVAILABLE.code : 0
    const slot = {
      asked,
      topicId: topic?.topicId ?? topicId,
      failure,
      result: emptyRead(failure),
      divergingEpoch: null,
    }
    return { ...slot, partition: failure === 0 ? partition : null }
  }

  /** Replicas of other brokers fetch once replication is there; until then none may. */
  #isFollower(): boolean {
    return (this.#request.replicaState?.replicaId ?? this.#request.replicaId) >= 0
  }

  // ---------------------------------------------------------------- reading

  #read(from: number): void {
    for (let i = from; i < this.#slots.length; i++) {
      const slot = this.#slots[i]!
      const result = this.#readSlot(slot)
      if (result.cold) return void this.#readCold(i)
      this.#take(slot, result)
    }
    this.#decide()
  }

  #readSlot(slot: Slot): ReadResult {
    const { partition, asked } = slot
    if (!partition) return slot.result
    // The reader has followed a later leader: it shall look for that one, and not take this one's word (R3).
    if (asked.lastFetchedEpoch > partition.leaderEpoch) return emptyRead(errors.UNKNOWN_LEADER_EPOCH.code)
    slot.divergingEpoch = divergence(partition, asked)
    const bytesLeft = this.#maxBytes - this.#bytes
    const isFull = this.#bytes > 0 && bytesLeft <= 0
    if (slot.divergingEpoch || isFull) return emptyRead(0, partition.highWatermark, partition.startOffset)
    return partition.read(asked.fetchOffset, this.#limit(slot), asked.currentLeaderEpoch)
  }

  async #readCold(i: number): Promise<void> {
    const slot = this.#slots[i]!
    const { fetchOffset, currentLeaderEpoch } = slot.asked
    try {
      this.#room ??= this.#context.room
      const room = this.#room
      const result = await slot.partition!.readCold(fetchOffset, this.#limit(slot), currentLeaderEpoch, room)
      const lackingBytes = room.endRead()
      const mayQueue = this.#bytes === 0 && !this.#isUrgent && !this.#isAbandoned
      if (lackingBytes > 0 && mayQueue) return this.#queue(room, i, lackingBytes)
      this.#take(slot, result)
      if (lackingBytes > 0) this.#isUrgent = true // what is there now is all for now
      this.#read(i + 1)
    } catch (error) {
      this.#end()
      this.#releaseAll()
      this.#reject(error)
    }
  }

  /** Waits, however long the request would, until there is memory to read a partition into; so nobody is passed over for ever. */
  #queue(room: ResponseRoom, i: number, bytes: number): void {
    this.#state = 'queued'
    this.#turn = room.wait(bytes, () => this.#readQueued(i))
    this.#watchAbandon()
  }

  #readQueued(i: number): void {
    this.#turn = null
    this.#state = 'reading'
    void this.#readCold(i)
  }

  #limit({ asked }: Slot): number {
    return Math.max(0, Math.min(asked.partitionMaxBytes, this.#maxBytes - this.#bytes))
  }

  /** Only the first batch of an answer may be larger than the limits. */
  #take(slot: Slot, result: ReadResult): void {
    if (this.#bytes > 0 && this.#bytes + result.bytes > this.#maxBytes) {
      result.release()
      slot.result = emptyRead(0, result.highWatermark, result.startOffset)
      return
    }
    slot.result = result
    this.#bytes += result.bytes
    if (result.errorCode !== 0 || slot.divergingEpoch) this.#isUrgent = true
  }

  // ---------------------------------------------------------------- waiting

  #decide(): void {
    const isEnough = this.#bytes >= this.#request.minBytes || this.#isUrgent || this.#slots.length === 0
    if (isEnough || !this.#mayWait) return this.#finish()
    // What was read is too little, and is read again; meanwhile it need not be kept.
    this.#releaseAll()
    this.#bytes = 0
    this.#state = 'waiting'
    if (!this.#timer) this.#watch()
    if (this.#slots.some(hasChanged)) this.#wake()
  }

  #watch(): void {
    this.#timer = this.#context.broker.runtime.clock.after(this.#request.maxWaitMs, () => this.#hurry())
    const onChange = () => this.#wake()
    for (const { partition } of this.#slots) if (partition) this.#watches.push(partition.watch(onChange))
    this.#watchAbandon() // last: it may end the wait at once
  }

  #watchAbandon(): void {
    if (this.#isWatchingAbandon) return
    this.#isWatchingAbandon = true
    this.#context.onAbandoned(() => this.#abandon())
  }

  /** The connection broke, this broker stops, or answers behind this one hold memory. */
  #abandon(): void {
    this.#isAbandoned = true
    this.#hurry()
    const turn = this.#turn
    if (turn === null) return
    turn.cancel()
    this.#turn = null
    this.#finish()
  }

  /** Several partitions may change in one turn: they are read once, after all of them. */
  #wake(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'woken'
    void Promise.resolve().then(() => {
      if (this.#state !== 'woken') return
      this.#state = 'reading'
      this.#read(0)
    })
  }

  /** The wait for more is over; one for memory is not. */
  #hurry(): void {
    this.#mayWait = false
    if (this.#state !== 'waiting' && this.#state !== 'woken') return
    this.#state = 'reading'
    this.#read(0)
  }

  // ---------------------------------------------------------------- answering

  #finish(): void {
    this.#end()
    const { broker, apiVersion } = this.#context
    const leaders: LeaderIdAndEpoch[] = []
    const responses: TopicAnswer[] = []
    let at = 0
    for (const { topic, topicId, partitions } of this.#request.topics) {
      const answers: PartitionAnswer[] = []
      for (const _ of partitions) answers.push(this.#answer(this.#slots[at++]!, leaders))
      responses.push({ topic, topicId, partitions: answers })
    }
    if (this.#bytes > 0) this.#context.afterSent(() => this.#releaseAll())
    else this.#room?.giveBack()
    const nodeEndpoints = leaders.length > 0 && apiVersion >= 16 ? endpointsOf(broker.metadata, leaders) : []
    this.#resolve({ responses, nodeEndpoints })
  }

  #answer({ asked, topicId, result, divergingEpoch }: Slot, leaders: LeaderIdAndEpoch[]): PartitionAnswer {
    const { broker } = this.#context
    const { errorCode, highWatermark, startOffset, chunks } = result
    const partitionIndex = asked.partition
    const currentLeader = errorCode === 0 ? null : leaderInstead(broker.metadata, topicId, partitionIndex, errorCode)
    if (currentLeader) leaders.push(currentLeader)
    if (errorCode !== 0) broker.counters.error(api.key, errorCode)
    return {
      partitionIndex,
      errorCode,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset: startOffset,
      divergingEpoch,
      currentLeader,
      abortedTransactions: this.#request.isolationLevel === readCommitted ? [] : null,
      records: chunks,
    }
  }

  #end(): void {
    this.#state = 'over'
    this.#timer?.cancel()
    for (const stop of this.#watches) stop()
    this.#watches = []
  }

  #releaseAll(): void {
    for (const { result } of this.#slots) result.release()
    this.#room?.giveBack()
  }
}

/** Whether a partition went on while others were read from cold files. */
function hasChanged({ partition, result }: Slot): boolean {
  return partition !== null && (partition.highWatermark !== result.highWatermark || !partition.isLeader)
}

/** Where this log and the reader's part, if its last epoch ended elsewhere here (KIP-595); null: they agree. */
function divergence(partition: Partition, asked: RequestPartition): { epoch: number; endOffset: number } | null {
  if (asked.lastFetchedEpoch < 0) return null
  const { epoch, endOffset } = partition.endOfEpoch(asked.lastFetchedEpoch)
  if (epoch < 0) return null
  return epoch < asked.lastFetchedEpoch || endOffset < asked.fetchOffset ? { epoch, endOffset } : null
}
