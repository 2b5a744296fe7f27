// A message as one line of JSON, the same shape that `consume --json` prints, so that one can feed the other:
//
//   {"key":"a","value":"text","headers":{"trace":"1"},"partition":0,"timestamp":"2026-01-01T00:00:00Z"}
//
// A key, value or header is a text, null, or {"base64":"..."} for other bytes; any other JSON as the value is sent as its JSON text.
import type { OutgoingMessage } from '@castellan/sdk'
import { UsageError } from '../errors.ts'

type Bytes = string | Uint8Array | null

/** What `consume --json` says besides, and a copy does not need. */
const ignored = ['topic', 'offset']
const known = ['key', 'value', 'headers', 'partition', 'timestamp', ...ignored]

/** Throws a UsageError that says what is wrong with the line. */
export function messageOfJson(line: Uint8Array | string): Omit<OutgoingMessage, 'topic'> {
  const object = parsed(typeof line === 'string' ? line : textOf(line))
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) throw new UsageError(`there is no field '${name}': known are ${known.join(', ')}`)
  }
  const { key = null, value = null, headers = {}, partition, timestamp } = object
  return {
    key: bytesOf('key', key),
    value: isPlainBytes(value) ? bytesOf('value', value) : JSON.stringify(value),
    headers: headersOf(headers),
    ...(partition === undefined || partition === null ? {} : { partition: partitionOf(partition) }),
    ...(timestamp === undefined || timestamp === null ? {} : { timestampMs: timestampOf(timestamp) }),
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Bytes that are no text must not become other ones on their way. */
function textOf(line: Uint8Array): string {
  try {
    return utf8.decode(line)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError('it is no UTF-8: give other bytes as {"base64":"..."}')
  }
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = exact.parse(text, exactNumber)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new UsageError(`it is no JSON (${error.message})`)
  }
  if (isObject(value)) return value
  throw new UsageError('it is no JSON object')
}

interface Context {
  /** What stands in the text, of a value that is no object and no array. */
  readonly source?: string
}

/** What Node 24 has, and TypeScript's library not yet. */
const exact = JSON as typeof JSON & {
  parse(text: string, reviver: (key: string, value: unknown, context: Context) => unknown): unknown
  rawJSON(text: string): unknown
}

/** A number that JavaScript would write in another way (an id of 64 bits, 1.0) stays as it is written. */
function exactNumber(_: string, value: unknown, { source }: Context): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value
}

function headersOf(given: unknown): Record<string, Bytes | Bytes[]> {
  if (!isObject(given)) throw new UsageError('headers must be an object')
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((one) => bytesOf(`header ${name}`, one)) : bytesOf(`header ${name}`, value),
    ]),
  )
}

function bytesOf(what: string, value: unknown): Bytes {
  if (value === null) return null
  if (typeof value === 'string' && value.isWellFormed()) return value
  if (typeof value === 'string')
    throw new UsageError(`${what} has half a character (\\ud800 to \\udfff): no UTF-8 says that`)
  if (isBase64(value)) return Buffer.from(value.base64, 'base64')
  throw new UsageError(`${what} must be a text, null, or {"base64":"..."}`)
}

function partitionOf(value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= 0) return Number(value)
  throw new UsageError('partition must be a whole number')
}

function timestampOf(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : value
  if (Number.isSafeInteger(ms) && Number(ms) >= 0) return Number(ms)
  throw new UsageError('timestamp must be ISO 8601, such as 2026-01-01T00:00:00Z, or milliseconds since 1970')
}

const isPlainBytes = (value: unknown) => value === null || typeof value === 'string' || isBase64(value)

function isBase64(value: unknown): value is { base64: string } {
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  const text = value['base64']
  return typeof text === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
