// What is wrong with a message can be said before anything waits for it: its fields, and the value of a typed topic.
import { CastellanError } from '../errors.ts'
import { nameLengthMax } from '../options.ts'
import { type AnyTopic, isTopic } from '../serde/topic.ts'
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
  checkPlace(message)
  const { topic } = message
  if (typeof topic !== 'string') return encoded(message as unknown as OutgoingMessage<AnyTopic>)
  if (topic === '' || topic.length > nameLengthMax) throw noTopic()
  const plain = message as PlainMessage
  checkBytes('key', plain.key)
  checkBytes('value', plain.value)
  return plain
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

function checkPlace({ headers, partition, timestampMs }: OutgoingMessage<string | AnyTopic>): void {
  if (headers !== undefined) checkHeaders(headers)
  if (partition !== undefined && typeof partition !== 'number') throw wrong('partition', partition, 'a number')
  if (timestampMs === undefined || (Number.isInteger(timestampMs) && timestampMs >= -1)) return
  throw wrong('timestampMs', timestampMs, 'whole milliseconds since 1970')
}

function checkHeaders(headers: unknown): void {
  // The entries of a Map, or of a list, are no fields: they would be lost without a word.
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) {
    throw wrong('headers', headers, 'an object of names and values')
  }
  for (const [name, value] of Object.entries(headers)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const one of values) checkBytes(`header '${name}'`, one)
  }
}

function checkBytes(what: string, value: unknown): void {
  if (value === undefined || value === null || typeof value === 'string' || value instanceof Uint8Array) return
  throw wrong(what, value, 'a string, a Uint8Array or null; anything else is for a typed topic (`castellan.topic`)')
}

function encoded(message: OutgoingMessage<AnyTopic>): PlainMessage {
  const { topic, key = null, value = null } = message as { topic: AnyTopic; key?: unknown; value?: unknown }
  if (!isTopic(topic)) throw noTopic()
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

function wrong(what: string, value: unknown, right: string): CastellanError {
  return invalid(`a message's ${what} must be ${right}, not ${shown(value)}`)
}

/** Short: a value may be large, or a secret. */
function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `the ${typeof value} ${String(value).slice(0, 40)}`
  return `an object (${Object.prototype.toString.call(value).slice(8, -1)})`
}

function invalid(text: string): CastellanError {
  return new CastellanError('MESSAGE_INVALID', text)
}
