// TypeBox's compiler is the measure: of schemas of all kinds and values near to them, both take the same.
import fc from 'fast-check'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { Type } from './builders.ts'
import { type Check, compileSchema } from './compile.ts'

type Schema = Parameters<typeof compileSchema>[0]

const small = fc.integer({ min: 0, max: 3 })
const range = fc.tuple(small, small).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const constant = fc.constantFrom<string | number | boolean>('a', '', 0, 1, -1, true, false)
const names = ['a', 'b', '~/']

const schemas = fc.letrec<{ schema: Schema }>((tie) => {
  const inner = tie('schema')
  const described = fc.dictionary(fc.constantFrom(...names), fc.tuple(inner, fc.boolean()), { noNullPrototype: true })
  const object = fc.tuple(described, fc.boolean(), fc.option(range)).map(([properties, isStrict, counts]) =>
    Type.Object(
      Object.fromEntries(
        Object.entries(properties).map(([name, [schema, isOptional]]) => [
          name,
          isOptional ? Type.Optional(schema) : schema,
        ]),
      ),
      {
        ...(isStrict && { additionalProperties: false }),
        ...(counts && { minProperties: counts[0], maxProperties: counts[1] }),
      },
    ),
  )
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Schema>(
        Type.Boolean(),
        Type.Null(),
        Type.Unknown({ description: 'any' }),
        Type.Number(),
        Type.Integer(),
      ),
      constant.map((value) => Type.Literal(value)),
      range.map(([minLength, maxLength]) => Type.String({ minLength, maxLength })),
      fc.constantFrom('^a+$', 'b').map((pattern) => Type.String({ pattern })),
      range.map(([minimum, maximum]) => Type.Integer({ minimum, maximum })),
      range.map(([minimum, maximum]) => Type.Number({ minimum, maximum: maximum + 0.5 })),
      fc.tuple(inner, range).map(([items, [minItems, maxItems]]) => Type.Array(items, { minItems, maxItems })),
      fc.array(inner, { minLength: 1, maxLength: 3 }).map((each) => Type.Union(each)),
      fc
        .tuple(inner, range)
        .map(([value, [minLength, maxLength]]) =>
          Type.Record(Type.String(), value, { propertyNames: { minLength, maxLength } }),
        ),
      object,
    ) as fc.Arbitrary<Schema>,
  }
}).schema

const texts = fc.oneof(
  fc.constantFrom('', 'a', 'aa', 'b', '\u{1f600}', '\u{1f600}\u{1f600}', 'e\u0301', '\ud83d'),
  fc.string({ maxLength: 5 }),
)
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, 2, 3.5, -1, 1e300, Number.NaN, Number.POSITIVE_INFINITY),
    texts,
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 4 })), tie('value')), { maxLength: 4 })
      .map((entries) => JSON.parse(JSON.stringify(Object.fromEntries(entries))) as unknown),
  ),
})).value

/** A value that is near to what the schema wants: few of those drawn by chance come deep into it. */
function near(schema: Schema): fc.Arbitrary<unknown> {
  const {
    type,
    const: only,
    anyOf,
    properties,
    items,
    patternProperties,
  } = schema as {
    type?: string
    const?: unknown
    anyOf?: Schema[]
    properties?: Record<string, Schema>
    items?: Schema
    patternProperties?: Record<string, Schema>
  }
  if (only !== undefined) return fc.oneof(fc.constant(only), values)
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(near), values)
  if (type === 'array') return fc.oneof({ weight: 4, arbitrary: fc.array(near(items ?? {}), { maxLength: 4 }) }, values)
  if (patternProperties !== undefined)
    return fc.dictionary(fc.string({ maxLength: 4 }), near(patternProperties['^.*$'] ?? {}), { noNullPrototype: true })
  if (type === 'object' && properties !== undefined) {
    const record = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, near(each)]))
    return fc.oneof({ weight: 4, arbitrary: fc.record(record, { requiredKeys: [], noNullPrototype: true }) }, values)
  }
  return values
}

test('takes what TypeBox takes, and says where it does not', () => {
  const cases = schemas.chain((schema) => fc.tuple(fc.constant(schema), fc.array(near(schema), { maxLength: 8 })))
  let taken = 0
  let refused = 0
  fc.assert(
    fc.property(cases, ([schema, givens]) => {
      const check = compileSchema(schema)
      const theirs = Compile(schema)
      for (const given of givens) {
        const problem = check(given)
        expect(problem === undefined, JSON.stringify([schema, given])).toBe(theirs.Check(given))
        if (problem === undefined) taken++
        else refused++
      }
    }),
    { numRuns: 400 },
  )
  expect(Math.min(taken, refused)).toBeGreaterThan(200)
})

const name = Type.String({ minLength: 1, maxLength: 3 })
const book = Type.Object(
  { title: name, pages: Type.Optional(Type.Integer({ minimum: 1 })), 'a/b~': Type.Optional(Type.Array(name)) },
  { additionalProperties: false },
)
const either = Type.Union([
  Type.Null(),
  Type.Object({ kind: Type.Literal('a'), a: name }),
  Type.Object({ kind: Type.Literal('b'), b: name }),
])

test.each<[string, Check, unknown, string, string, (readonly string[])?]>([
  ['a missing property', compileSchema(book), {}, '', 'must have required property title', ['title']],
  [
    'unknown ones before all else',
    compileSchema(book),
    { x: 1, y: 2 },
    '',
    'must not have additional properties',
    ['x', 'y'],
  ],
  [
    'a wrong type, deep down',
    compileSchema(Type.Array(book)),
    [{ title: 'a', 'a/b~': ['a', 1] }],
    '/0/a~1b~0/1',
    'must be string',
  ],
  ['a number that is too small', compileSchema(book), { title: 'a', pages: 0 }, '/pages', 'must be >= 1'],
  ['too long', compileSchema(book), { title: 'long' }, '/title', 'must not have more than 3 characters'],
  [
    'names of a record',
    compileSchema(Type.Record(Type.String(), name, { propertyNames: { minLength: 1 } })),
    { '': 'a' },
    '',
    'has invalid property names',
    [''],
  ],
  [
    'one of several constants',
    compileSchema(Type.Union([Type.Literal(-1), Type.Literal(1)])),
    2,
    '',
    'must be one of -1, 1',
  ],
  ['of several shapes, the one that was meant', compileSchema(either), { kind: 'b', b: 1 }, '/b', 'must be string'],
  ['none of several shapes', compileSchema(either), 'a', '', 'must be null'],
])('%s', (_, check, value, path, message, names) => {
  expect(check(value)).toMatchObject({ path, message, ...(names && { names }) })
})

test('what every object inherits is no property of a value', () => {
  const check = compileSchema(Type.Object({ toString: Type.Optional(name), constructor: name }))
  expect(check({ constructor: 'a' })).toBeUndefined()
  expect(check({})).toMatchObject({ keyword: 'required' })
  const strict = compileSchema(Type.Object({}, { additionalProperties: false }))
  expect(strict(JSON.parse('{"__proto__":1}'))).toMatchObject({ names: ['__proto__'] })
})

test.each<[string, object]>([
  ["'format'", { type: 'string', format: 'date-time' }],
  ["'$ref'", { $ref: '#/x' }],
  ["the type 'date'", { type: 'date' }],
  ["'patternProperties'", { type: 'object', patternProperties: { '^a': {} } }],
])('a schema with %s is refused: it would not be checked', (what, schema) => {
  expect(() => compileSchema(Type.Object({ inner: schema as Schema }))).toThrow(what)
})
