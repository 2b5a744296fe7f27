import TypeBox from 'typebox'
import { expect, test } from 'vitest'
import { Type } from './builders.ts'

/** The same schemas by either set of builders. */
function schemas(by: typeof Type): unknown[] {
  const name = by.String({ minLength: 1, maxLength: 249, description: 'A name.' })
  const ackLevel = by.Enum([-1, 1, 0], { description: 'Who must have it.' })
  return [
    name,
    ackLevel,
    by.Literal('cluster'),
    by.Literal(true),
    by.Boolean(),
    by.Null(),
    by.Number({ minimum: 0.5 }),
    by.Integer({ minimum: 0 }),
    by.Unknown(),
    by.Array(by.Array(by.Integer()), { maxItems: 10 }),
    by.Record(by.String(), by.Boolean()),
    by.Record(by.String({ minLength: 36, maxLength: 36 }), name, { maxProperties: 5, propertyNames: { minLength: 1 } }),
    by.Object({}),
    by.Object({ a: by.Optional(name) }),
    by.Object(
      {
        name,
        rack: by.Union([name, by.Null()]),
        level: by.Optional(ackLevel),
        inner: by.Object({ deep: by.Optional(name) }),
      },
      { additionalProperties: false },
    ),
  ]
}

test("the schemas are TypeBox's", () => {
  const [ours, theirs] = [schemas(Type), schemas(TypeBox)]
  for (const [index, schema] of ours.entries()) expect(JSON.stringify(schema)).toBe(JSON.stringify(theirs[index]))
})

test('a schema that is optional in one object is not in another', () => {
  const name = Type.String()
  expect(Type.Object({ a: Type.Optional(name), b: name })).toMatchObject({ required: ['b'] })
  expect(Type.Object({ a: name })).toMatchObject({ required: ['a'] })
})
