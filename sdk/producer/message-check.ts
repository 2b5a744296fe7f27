// What is wrong with a message can be said before anything waits for it: its fields, and the value of a typed topic.
import { CastellanError } from '../errors.ts'
import { nameLengthMax } from '../options.ts'
import { type AnyTopic, Topic } from '../serde/topic.ts'
import type { OutgoingMessage, PlainMessage } from './types.ts'

const fields = ['topic', 'key', 'value', 'headers', 'partition', 'timestampMs']

/** Where people look for a field that is not there. */
const hints: Readonly<Record<string, string>> = {
  messages: 'a list of messages goes to `sendBatch`, each with its topic',
  timestamp: 'the time is `timestampMs`, a number',
}

/**
 * The message with key and value as they are stored. Throws MESSAGE_INVALID, VALUE_REFUSED, SERDE_FAILED, SCHEMA_ASYNC. What only the
 * topic can tell (its partitions, its largest message) is checked where the topic is known.
 */
export function checkMessage<T extends string | AnyTopic>(message: OutgoingMessage<T>): PlainMessage {
  if (typeof message !== 'object' || message === null) throw invalid('a message is an object with a topic')
  checkFields(message)
  const { topic, headers } = message
  if (headers !== undefined && (typeof headers !== 'object' || headers === null)) throw invalid('headers are an object')
  if (typeof topic !== 'string') return encoded(message as unknown as OutgoingMessage<AnyTopic>)
  if (topic === '' || topic.length > nameLengthMax) throw noTopic()
  return message as PlainMessage
}

function checkFields(message: object): void {
  for (const name in message) {
    switch (name) {
      case 'topic':
      case 'key':
      case 'value':
      case 'headers':
      case 'partition':
      case 'timestampMs':
        continue
      default: {
        const hint = hints[name] ?? `there are: ${fields.join(', ')}`
        throw invalid(`there is no field '${name}' in a message; ${hint}`)
      }
    }
  }
}

function encoded(message: OutgoingMessage<AnyTopic>): PlainMessage {
  const { topic, key = null, value = null } = message as { topic: AnyTopic; key?: unknown; value?: unknown }
  if (!(topic instanceof Topic)) throw noTopic()
  const { headers, partition, timestampMs } = message
  return {
    topic: topic.name,
    ...topic.encode(key as never, value as never),
    ...(headers !== undefined && { headers }),
    ...(partition !== undefined && { partition }),
    ...(timestampMs !== undefined && { timestampMs }),
  }
}

function noTopic(): CastellanError {
  const text = `a message needs a topic: a name of 1 to ${nameLengthMax} characters, or what \`castellan.topic\` makes`
  return invalid(text)
}

function invalid(text: string): CastellanError {
  return new CastellanError('MESSAGE_INVALID', text)
}
