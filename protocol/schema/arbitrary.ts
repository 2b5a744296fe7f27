// For tests: random messages of a schema at a version, for fast-check to round-trip and to mutate.
import fc from 'fast-check'
import type { AnyField, Fields, Shape } from './types.ts'

export type Message = Record<string, unknown>

/** Messages as decoding gives them: all fields there, those that the version lacks at their defaults. */
export function messageOf(fields: Fields, version: number): fc.Arbitrary<Message> {
  return fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldValueOf(field, version)])),
  )
}

function fieldValueOf(field: AnyField, version: number): fc.Arbitrary<unknown> {
  const shape = field.shape
  if (version < shape.since || version > shape.until) return fc.constant(shape.default)
  const value = plainValueOf(shape, version)
  const mayBeNull = version >= shape.nullableSince || (shape.tag !== null && shape.default === null)
  const choices = [{ arbitrary: value, weight: 5 }]
  if (mayBeNull) choices.push({ arbitrary: fc.constant(null), weight: 2 })
  if (shape.tag !== null) choices.push({ arbitrary: fc.constant(shape.default), weight: 3 })
  return fc.oneof(...choices)
}

function plainValueOf(shape: Shape, version: number): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'int32':
      return fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff })
    case 'int64':
      return fc.oneof(
        fc.maxSafeInteger(),
        fc.constantFrom(-1, 0, 2 ** 31, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER),
      )
    case 'float64':
      return fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value))
    case 'uuid':
      return fc.uuid()
    case 'string':
      return fc.oneof(
        { arbitrary: fc.string({ maxLength: 12 }), weight: 6 },
        { arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }), weight: 3 },
        { arbitrary: fc.integer({ min: 40, max: 300 }).map((length) => 'n'.repeat(length)), weight: 2 },
        { arbitrary: fc.constant('é'.repeat(16_383)), weight: 1 },
      )
    case 'bytes':
    case 'records':
      return fc.oneof(
        { arbitrary: fc.uint8Array({ maxLength: 40 }), weight: 4 },
        {
          arbitrary: fc.integer({ min: 0, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
          weight: 1,
        },
      )
    case 'array':
      return fc.array(fieldValueOf(shape.element!, version), { maxLength: 3 })
    case 'struct':
      return messageOf(shape.fields!, version)
  }
}
