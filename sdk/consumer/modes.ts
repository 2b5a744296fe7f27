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
  /** As their topic says; null: the first cannot be decoded, and stands alone. */
  readonly decoded: readonly unknown[] | null
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

/** A message that cannot be decoded ends the batch before it, and then fails alone: so it is clear which one it is. */
export function batchMode<M>(handler: BatchHandler<M>, messagesMax: number, decoders: Decoders): Mode<Taken> {
  return {
    take(reader, source) {
      const decode = decoderOf(decoders, source.topic)
      const messages: Message[] = []
      const decoded: unknown[] = []
      while (messages.length < messagesMax) {
        const message = reader.next()
        if (message === undefined) break
        const value = decode(message)
        if (value === undefined && messages.length > 0) {
          reader.putBack(message)
          break
        }
        messages.push(message)
        if (value === undefined) return { source, messages, decoded: null, nextOffset: reader.nextOffset }
        decoded.push(value)
      }
      return messages.length === 0 ? undefined : { source, messages, decoded, nextOffset: reader.nextOffset }
    },
    handle({ source: { topic, topicId, partition }, messages: raw, decoded, nextOffset }, context) {
      const messages = (decoded ?? raw.map((message) => decoders.get(topic)?.decode(message))) as readonly M[]
      return handler({ topic, topicId, partition, messages, nextOffset }, context)
    },
    firstOffset: ({ messages }) => messages[0]!.offset,
  }
}

/** Gives undefined for a message that cannot be decoded. */
function decoderOf(decoders: Decoders, name: string): (message: Message) => unknown {
  const topic = decoders.get(name)
  if (topic === undefined) return (message) => message
  return (message) => {
    try {
      return topic.decode(message)
    } catch {
      return undefined // the attempt that follows says why
    }
  }
}
