// The builders of JSON Schema that heartbeat messages and Castle's HTTP API are written in: those of TypeBox, type for type, in a few lines of code.
//
// TypeBox's own builders give the same schemas, but loading them (370 files) costs every process of a platform, and every service
// with the SDK, more than a tenth of a second of its start. Its types cost nothing. A test holds what is built here to what TypeBox builds.
import type TypeBox from 'typebox'
import type { TObject, TUnion } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Boolean'
  | 'Enum'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unknown'
>

interface Schema {
  readonly [keyword: string]: unknown
  readonly [isOptional]?: true
}

/** Marks a property that may be left out, until its object is built. */
const isOptional = Symbol('optional')

const builders = {
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Schema) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly (string | number)[], options?: Schema) => ({ enum: values, ...options }),
  Integer: (options?: Schema) => ({ type: 'integer', ...options }),
  Literal: (value: string | number | boolean, options?: Schema) => ({ type: typeof value, const: value, ...options }),
  Null: (options?: Schema) => ({ type: 'null', ...options }),
  Number: (options?: Schema) => ({ type: 'number', ...options }),
  Object: (properties: Readonly<Record<string, Schema>>, options?: Schema) => {
    const required = Object.keys(properties).filter((name) => properties[name]?.[isOptional] !== true)
    return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...options }
  },
  Optional: (schema: Schema) => ({ ...schema, [isOptional]: true }),
  Record: (_: Schema, value: Schema, options?: Schema) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  String: (options?: Schema) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly Schema[], options?: Schema) => ({ anyOf, ...options }),
  Unknown: (options?: Schema) => ({ ...options }),
}

/** Named as TypeBox names it: whoever knows the one knows the other. */
export const Type = builders as unknown as Builders

/**
 * One of several objects, told apart by a property whose values (a Literal or Enum) are others in each: so that what is wrong with one is said of the one
 * that was meant. TypeBox has no builder for it.
 */
export function taggedUnion<const Objects extends TObject[]>(tag: string, objects: Objects): TUnion<Objects> {
  return {
    type: 'object',
    discriminator: { propertyName: tag },
    required: [tag],
    oneOf: objects,
  } as unknown as TUnion<Objects>
}
