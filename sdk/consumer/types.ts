// What a consumer gives to handlers and hooks.
import type { Logger } from '@castellan/protocol/runtime'
import type { Message } from '../kafka/message.ts'

export interface HandlerContext {
  /** Aborted when the partition is lost or must be given up now: stop working on the message. */
  readonly signal: AbortSignal
  /** 1 at the first try of this message (or batch) by this process. */
  readonly attempt: number
  /** Rises with each owner of the partition: write it with your own data to fence an owner that came too late (S3). */
  readonly assignmentEpoch: number
  /** Names topic and partition. */
  readonly log: Logger
}

/** A thrown error or a rejected promise is a failed attempt: it is tried again, and the partition waits. */
export type Handler = (message: Message, context: HandlerContext) => unknown

export interface MessageBatch {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  /** In order; at least one. */
  readonly messages: readonly Message[]
  /** Where the partition goes on after this batch: what to store, where a service keeps its own offsets. */
  readonly nextOffset: number
}

/** Like Handler, for all messages of a batch together. */
export type BatchHandler = (batch: MessageBatch, context: HandlerContext) => unknown

export type AssignedPartitions = readonly {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly assignmentEpoch: number
}[]

export interface StartOffset {
  readonly topic: string
  readonly partition: number
  /** The first message to handle. */
  readonly offset: number
}

/** A message that stops its partition. */
export interface Stuck {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since 1970, of the first failure. */
  readonly sinceMs: number
  readonly attempts: number
  readonly error: string
}

/** An offset to commit: of the next message to handle. */
export interface CommitOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata?: string
}
