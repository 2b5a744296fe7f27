// What a consumer gives to handlers and hooks. `M` is the message of a handler: as its topic says, or plain.
import type { Logger } from '@castellan/protocol/runtime'
import type { Message } from '../kafka/message.ts'

export interface HandlerContext {
  /**
   * Aborted when the partition is lost or must be given up now, and when the consumer closes and its time is over: stop working. It is the
   * partition's, for all its messages: take your own listeners off it when the handler ends.
   */
  readonly signal: AbortSignal
  /** 1 at the first try of this message (or batch) by this process. */
  readonly attempt: number
  /** Rises with each owner of the partition: write it with your own data to fence an owner that came too late (S3). */
  readonly assignmentEpoch: number
  /** Names topic and partition. */
  readonly log: Logger
}

/** A thrown error or a rejected promise is a failed attempt: it is tried again, and what comes after it waits. */
export type Handler<M = Message> = (message: M, context: HandlerContext) => unknown

export interface MessageBatch<M = Message> {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** In order; at least one. */
  readonly messages: readonly M[]
  /** Where the partition goes on after this batch: what to store, where a service keeps its own offsets. */
  readonly nextOffset: number
}

/** Like Handler, for all messages of a batch together. */
export type BatchHandler<M = Message> = (batch: MessageBatch<M>, context: HandlerContext) => unknown

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

export type AssignedPartitions = readonly (PartitionName & {
  readonly topicId: string
  readonly assignmentEpoch: number
})[]

export interface StartOffset extends PartitionName {
  /** The first message to handle. */
  readonly offset: number
}

/** An offset; the first or the end of the partition; or a time: the first message at or after it. */
export type SeekTo = number | 'earliest' | 'latest' | Date

/** A message that stops its partition, or its key where keys are handled in parallel. */
export interface Stuck extends PartitionName {
  readonly topicId: string
  /** The message; of a batch, the first. */
  readonly offset: number
  /** ms since 1970, of the failure that made it stuck. */
  readonly sinceMs: number
  readonly attempts: number
  /** The last one's message. */
  readonly error: string
  /** The last error's `code`, where it has one: MESSAGE_UNDECODABLE, for one. */
  readonly code: string | null
  /** False: its error says that trying again is in vain. It waits for `resume`, a seek, or another process. */
  readonly isRetried: boolean
}

/** A message as `commit` needs it. */
export interface MessagePosition extends PartitionName {
  readonly offset: number
  readonly leaderEpoch: number
}

/** An offset to commit: of the next message to handle. */
export interface CommitOffset extends PartitionName {
  readonly offset: number
  readonly metadata?: string
}
