import { describe, expect, test } from 'vitest'
import { Type, taggedUnion } from './builders.ts'
import { compileSchema } from './compile.ts'

type Schema = Parameters<typeof compileSchema>[0]

const name = Type.String({ minLength: 1, maxLength: 3 })
const strict = { additionalProperties: false }
const book = Type.Object(
  { title: name, pages: Type.Optional(Type.Integer({ minimum: 1 })), 'a/b~': Type.Optional(Type.Array(name)) },
  strict,
)
const named = Type.Record(Type.String(), name, { maxProperties: 2, propertyNames: { minLength: 1, maxLength: 5 } })
const report = taggedUnion('kind', [
  Type.Object({ kind: Type.Literal('a'), a: name }),
  Type.Object({ kind: Type.Enum(['b', 'B']), b: name, id: Type.Union([Type.Integer(), Type.Null()]) }),
])
const bytes = Type.Union([
  Type.Null(),
  Type.Object({ text: name }, strict),
  Type.Object({ base64: Type.String({ pattern: '^[A-Za-z0-9+/]*$' }) }, strict),
])

describe('what is wrong is told with its place', () => {
  test.each<[string, Schema, unknown, string, string, (readonly string[])?]>([
    ['a missing property', book, {}, '', "must have required property 'title'", ['title']],
    ['unknown ones, all', book, { title: 'a', x: 1, y: 2 }, '', 'must NOT have additional properties', ['x', 'y']],
    ['unknown ones before missing ones', book, { titel: 'a' }, '', 'must NOT have additional properties', ['titel']],
    ['a wrong type, deep down', Type.Array(book), [{ title: 'a', 'a/b~': ['a', 1] }], '/0/a~1b~0/1', 'must be string'],
    ['a number that is too small', book, { title: 'a', pages: 0 }, '/pages', 'must be >= 1'],
    ['a fraction', book, { title: 'a', pages: 1.5 }, '/pages', 'must be integer'],
    ['too long', book, { title: 'long' }, '/title', 'must NOT have more than 3 characters'],
    ['too many', named, { a: 'a', b: 'b', c: 'c' }, '', 'must NOT have more than 2 properties'],
    ['a value in a record, whatever its name', named, { 'a\nb': 1 }, '/a\nb', 'must be string'],
    ['a name in a record', named, { '': 'a' }, '', 'property name must be valid', ['']],
    ['one of several', Type.Enum([-1, 1]), 2, '', 'must be one of -1, 1'],
    ['the only one', Type.Literal('a'), 'b', '', 'must be a'],
    ['a tagged one: no object', report, 'a', '', 'must be object'],
    ['a tagged one: no tag', report, {}, '', "must have required property 'kind'", ['kind']],
    ['a tagged one: an unknown tag', report, { kind: 'c' }, '/kind', 'must be one of a, b, B'],
    ['a tagged one: what it lacks itself', report, { kind: 'b' }, '', "must have required property 'b'", ['b']],
    ['a tagged one: inside', report, { kind: 'b', b: 1, id: 1 }, '/b', 'must be string'],
    ['null or else', report, { kind: 'b', b: 'b', id: 'a' }, '/id', 'must be integer'],
    ['of several shapes, the nearest', bytes, { base64: '!' }, '/base64', 'must match pattern "^[A-Za-z0-9+/]*$"'],
    ['of several shapes, none', bytes, { txt: 'a' }, '', 'must NOT have additional properties', ['txt']],
    ['of several shapes, another type', bytes, 1, '', 'must be null'],
  ])('%s', (_, schema, value, path, message, names) => {
    expect(compileSchema(schema)(value)).toMatchObject({ path, message, ...(names && { names }) })
  })
})

test.each<[string, Schema, unknown]>([
  ['what is left out', book, { title: 'a' }],
  ['characters that are two units each', name, '\u{1f600}\u{1f600}\u{1f600}'],
  ['fields that are not known, unless the schema is strict', report, { kind: 'a', a: 'a', mood: 'fine' }],
  ['an undefined property, for JSON leaves it out', book, { title: 'a', pages: undefined }],
  ['null or else', report, { kind: 'b', b: 'b', id: null }],
])('taken: %s', (_, schema, value) => {
  expect(compileSchema(schema)(value)).toBeUndefined()
})

test('a name that every object has is as unknown as any', () => {
  const check = compileSchema(Type.Object({}, strict))
  expect(check(JSON.parse('{"__proto__":1,"toString":1}'))).toMatchObject({ names: ['__proto__', 'toString'] })
})

test('nothing is looked at behind the first thing that is wrong', () => {
  let looked = 0
  const wrong = {
    get kind() {
      looked++
      return 'c'
    },
  }
  expect(compileSchema(Type.Array(report))(Array(1_000).fill(wrong))).toMatchObject({ path: '/0/kind' })
  expect(looked).toBeLessThan(10)
})

test.each<[string, object]>([
  ['format', { type: 'string', format: 'date-time' }],
  ['minimun', { type: 'number', minimun: 1 }],
  ['#/x', { $ref: '#/x' }],
  ['type must be JSONType', { type: 'date' }],
  ['maxLength', { type: 'string', maxLength: 'long' }],
])('a schema that would not be checked is refused: %s', (what, schema) => {
  const check = compileSchema(Type.Object({ inner: schema as Schema }))
  expect(() => check({})).toThrow(what)
})
