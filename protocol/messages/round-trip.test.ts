// Every message at every version: what was written reads back, and is written the same again.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Message, messageOf } from '../schema/arbitrary.ts'
import { type AnyField, type Fields, Reader, type Shape, Writer } from '../schema/index.ts'
import { apis } from './index.ts'

const codecs = [...apis.values()].flatMap((api) =>
  (['request', 'response'] as const).flatMap((side) =>
    Array.from({ length: api.versions[1] - api.versions[0] + 1 }, (_, i) => ({
      title: `${api.name} ${side} v${api.versions[0] + i}`,
      codec: api[side],
      version: api.versions[0] + i,
    })),
  ),
)

/** With byte fields as text, so that two messages can be compared whatever holds their bytes. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('latin1')}`
  if (Array.isArray(value)) return value.map(comparable)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, comparable(inner)]))
}

/** As a caller might give it: without what has its default anyway, and with records in pieces. */
function terse(value: unknown, field: AnyField, version: number): unknown {
  const shape = field.shape
  if (value === null) return null
  if (shape.type === 'records') return [(value as Uint8Array).subarray(0, 5), (value as Uint8Array).subarray(5)]
  if (shape.element !== null) return (value as unknown[]).map((each) => terse(each, shape.element!, version))
  if (shape.fields !== null) return terseMessage(value as Message, shape.fields, version)
  return value
}

function terseMessage(message: Message, fields: Fields, version: number): Message {
  const kept = Object.entries(message).filter(([name, value]) => !isLeftOut(value, fields[name]!.shape, version))
  return Object.fromEntries(kept.map(([name, value]) => [name, terse(value, fields[name]!, version)]))
}

function isLeftOut(value: unknown, shape: Shape, version: number): boolean {
  if (!shape.optional) return false
  const isDefault = Array.isArray(value) ? value.length === 0 && Array.isArray(shape.default) : value === shape.default
  return isDefault || version < shape.since || version > shape.until
}

function bytesOf(codec: (typeof codecs)[number]['codec'], version: number, message: Message): Buffer {
  const writer = new Writer()
  codec.encode(writer, version, message as never)
  const length = writer.byteLength
  const bytes = Buffer.concat(writer.chunks())
  expect(bytes.length).toBe(length)
  return bytes
}

describe.each(codecs)('$title', ({ codec, version }) => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(messageOf(codec.fields, version), (message) => {
        const bytes = bytesOf(codec, version, message)
        const reader = new Reader(bytes)
        const read = codec.decode(reader, version) as Message
        expect(reader.remaining).toBe(0)
        expect(comparable(read)).toEqual(comparable(message))
        expect(Object.keys(read)).toEqual(Object.keys(codec.fields))
        expect(bytesOf(codec, version, read).equals(bytes)).toBe(true)
        expect(bytesOf(codec, version, terseMessage(message, codec.fields, version)).equals(bytes)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})
