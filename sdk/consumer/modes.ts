// What a handler gets at once, a message or a batch of them, each as its topic says.
import type { Message, MessageReader } from '../kafka/message.ts'
import type { AssignedPartition } from './partition.ts'
import type { BatchHandler, Handler, HandlerContext } from './types.ts'

export interface Mode<T> {
  take(reader: MessageReader, partition: AssignedPartition): T | undefined
  /** What it throws, or its promise rejects with, is a failed attempt. */
  handle(item: T, context: HandlerContext): unknown
  firstOffset(item: T): number
}

/** Typed topics by name: what decodes their messages. Throws MESSAGE_UNDECODABLE. */
export type Decoders = ReadonlyMap<string, { decode(message: Message): unknown }>

/** Messages that were fetched together, and are handled together. */
interface Taken {
  readonly source: AssignedPartition
  readonly messages: readonly Message[]
  readonly nextOffset: number
}

export function messageMode<M>(handler: Handler<M>, decoders: Decoders): Mode<Message> {
  const plain = handler as unknown as Handler
  const typed: Handler = (message, context) => {
    const topic = decoders.get(message.topic)
    return plain(topic === undefined ? message : (topic.decode(message) as Message), context)
  }
  return {
    take: (reader) => reader.next(),
    handle: decoders.size === 0 ? plain : typed,
    firstOffset: ({ offset }) => offset,
  }
}

export function batchMode<M>(handler: BatchHandler<M>, messagesMax: number, decoders: Decoders): Mode<Taken> {
  return {
    take(reader, source) {
      const messages: Message[] = []
      while (messages.length < messagesMax) {
        const message = reader.next()
        if (message === undefined) break
        messages.push(message)
      }
      return messages.length === 0 ? undefined : { source, messages, nextOffset: reader.nextOffset }
    },
    handle({ source: { topic, topicId, partition }, messages: raw, nextOffset }, context) {
      const decoder = decoders.get(topic)
      const messages = (decoder === undefined ? raw : raw.map((message) => decoder.decode(message))) as readonly M[]
      return handler({ topic, topicId, partition, messages, nextOffset }, context)
    },
    firstOffset: ({ messages }) => messages[0]!.offset,
  }
}
