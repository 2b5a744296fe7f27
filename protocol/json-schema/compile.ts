// A check made from a schema, of the keywords that the builders here build and no others: a keyword that is not known is refused
// when the schema is compiled, rather than not checked.
//
// TypeBox's own compiler does the same, and much that nobody here uses (references, formats, messages in forty languages): 235 modules,
// whose loading was a quarter of the start of each process. A test holds what is found here to what TypeBox finds.
//
// A check is a function made of the checks of the schema's parts. It allocates nothing for a value that fits; whoever finds a problem
// says where it is as seen from there, and whoever called puts its own place in front.
import type { TSchema } from 'typebox'

/** What is wrong with a value: the first thing found, for a message has room for one. */
export interface Problem {
  /** JSON pointer to it; '' is the value itself. */
  readonly path: string
  /** The keyword that does not hold. */
  readonly keyword: string
  /** Such as "must be integer". */
  readonly message: string
  /** Of additionalProperties, propertyNames and required: the names that are wrong, or missing. */
  readonly names?: readonly string[]
}

/** Undefined: the value is what the schema says. */
export type Check = (value: unknown) => Problem | undefined

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly propertyNames?: Schema
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
}

/** For readers. */
const annotations = ['description', 'title', 'default', 'examples', 'deprecated']
/** What each type may have besides `type`. */
const keywords: Readonly<Record<string, readonly string[]>> = {
  anyOf: ['anyOf'],
  array: ['items', 'minItems', 'maxItems'],
  boolean: ['const'],
  integer: ['const', 'minimum', 'maximum'],
  null: [],
  number: ['const', 'minimum', 'maximum'],
  object: [
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  string: ['const', 'minLength', 'maxLength', 'pattern'],
  unknown: [],
}

/** Throws an Error for a keyword that is not known here: that is a mistake in the schema. */
export function compileSchema(schema: TSchema): Check {
  return compile(schema as Schema)
}

function compile(schema: Schema): Check {
  const kind = schema.anyOf === undefined ? (schema.type ?? 'unknown') : 'anyOf'
  refuseUnknown(schema, kind)
  switch (kind) {
    case 'anyOf':
      return anyOf(schema.anyOf ?? [])
    case 'array':
      return array(schema)
    case 'object':
      return object(schema)
    case 'string':
      return constant(schema) ?? string(schema)
    case 'integer':
      return constant(schema) ?? number(schema, Number.isInteger)
    case 'number':
      return constant(schema) ?? number(schema, Number.isFinite)
    case 'boolean':
      return constant(schema) ?? typed((value) => typeof value === 'boolean', kind)
    case 'null':
      return typed((value) => value === null, kind)
    default:
      return () => undefined
  }
}

function refuseUnknown(schema: Schema, kind: string): void {
  const known = keywords[kind]
  if (known === undefined) throw new Error(`a schema has the type '${kind}', which cannot be checked`)
  const unknown = Object.keys(schema).find(
    (name) => name !== 'type' && !known.includes(name) && !annotations.includes(name),
  )
  if (unknown !== undefined) throw new Error(`a schema of ${kind} has '${unknown}', which cannot be checked`)
}

function problem(keyword: string, message: string): Problem {
  return { path: '', keyword, message }
}

function inside(name: string | number, { path, ...rest }: Problem): Problem {
  return { ...rest, path: `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}${path}` }
}

function typed(is: (value: unknown) => boolean, type: string): Check {
  const wrong = problem('type', `must be ${type}`)
  return (value) => (is(value) ? undefined : wrong)
}

function constant(schema: Schema): Check | undefined {
  if (schema.const === undefined) return undefined
  const wrong = problem('const', `must be ${schema.const}`)
  return (value) => (value === schema.const ? undefined : wrong)
}

function number({ type, minimum, maximum }: Schema, isNumber: (value: unknown) => boolean): Check {
  const wrong = problem('type', `must be ${type}`)
  const { limit: min, problem: small } = bound(minimum, Number.NEGATIVE_INFINITY, 'minimum', `must be >= ${minimum}`)
  const { limit: max, problem: great } = bound(maximum, Number.POSITIVE_INFINITY, 'maximum', `must be <= ${maximum}`)
  return (value) => {
    if (!isNumber(value)) return wrong
    if ((value as number) < min) return small
    return (value as number) > max ? great : undefined
  }
}

function bound(limit: number | undefined, otherwise: number, keyword: string, message: string) {
  return { limit: limit ?? otherwise, problem: problem(keyword, message) }
}

/** At least so many of something, and at most. */
function bounds(min: number | undefined, max: number | undefined, of: string, what: string) {
  return {
    few: bound(min, 0, `min${of}`, `must not have fewer than ${min} ${what}`),
    many: bound(max, Number.POSITIVE_INFINITY, `max${of}`, `must not have more than ${max} ${what}`),
  }
}

function string({ minLength, maxLength, pattern }: Schema): Check {
  const wrong = problem('type', 'must be string')
  const { few, many } = bounds(minLength, maxLength, 'Length', 'characters')
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u')
  const other = problem('pattern', `must match pattern "${pattern}"`)
  return (value) => {
    if (typeof value !== 'string') return wrong
    // Characters are code points: at most one for each unit of the text, at least one for two.
    if (value.length > many.limit && (value.length > 2 * many.limit || characters(value) > many.limit))
      return many.problem
    if (value.length < 2 * few.limit && characters(value) < few.limit) return few.problem
    return expression?.test(value) === false ? other : undefined
  }
}

function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function array({ items = {}, minItems, maxItems }: Schema): Check {
  const wrong = problem('type', 'must be array')
  const { few, many } = bounds(minItems, maxItems, 'Items', 'items')
  const checkItem = compile(items)
  return (value) => {
    if (!Array.isArray(value)) return wrong
    if (value.length < few.limit) return few.problem
    if (value.length > many.limit) return many.problem
    for (let index = 0; index < value.length; index++) {
      const found = checkItem(value[index])
      if (found !== undefined) return inside(index, found)
    }
    return undefined
  }
}

/** The count, and names that must not be, before all else: they cost little, and an unknown name is what a sender got wrong first. */
function object(schema: Schema): Check {
  const wrong = problem('type', 'must be object')
  const { minProperties, maxProperties } = schema
  const { few, many } = bounds(minProperties, maxProperties, 'Properties', 'properties')
  const countsNames = minProperties !== undefined || maxProperties !== undefined
  const checks = [names(schema), properties(schema), values(schema)].filter((check) => check !== undefined)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong
    if (countsNames) {
      const count = Object.keys(value).length
      if (count < few.limit) return few.problem
      if (count > many.limit) return many.problem
    }
    for (const check of checks) {
      const found = check(value as Given)
      if (found !== undefined) return found
    }
    return undefined
  }
}

type Given = Readonly<Record<string, unknown>>
type CheckObject = (value: Given) => Problem | undefined

function names({
  properties = {},
  additionalProperties,
  propertyNames,
  patternProperties,
}: Schema): CheckObject | undefined {
  if (additionalProperties === false && patternProperties !== undefined)
    throw new Error("a schema of object has 'additionalProperties' beside 'patternProperties', which cannot be checked")
  const known = new Set(Object.keys(properties))
  const check = propertyNames && compile({ type: 'string', ...propertyNames })
  if (additionalProperties !== false && check === undefined) return undefined
  return (value) => {
    const unknown: string[] = []
    const wrong: string[] = []
    for (const name in value) {
      if (additionalProperties === false && !known.has(name)) unknown.push(name)
      if (check?.(name) !== undefined) wrong.push(name)
    }
    if (unknown.length > 0)
      return { ...problem('additionalProperties', 'must not have additional properties'), names: unknown }
    if (wrong.length > 0) return { ...problem('propertyNames', 'has invalid property names'), names: wrong }
    return undefined
  }
}

/** A property whose value is undefined is not there: JSON leaves it out. */
function properties({ properties = {}, required = [] }: Schema): CheckObject | undefined {
  const all = new Map(Object.entries(properties))
  for (const name of required) if (!all.has(name)) all.set(name, {})
  const checks = [...all].map(([name, schema]) => ({
    name,
    check: compile(schema),
    missing: required.includes(name) ? missing(name) : undefined,
    // Every object has one, which is not what is asked for.
    isInherited: name in Object.prototype,
  }))
  if (checks.length === 0) return undefined
  return (value) => {
    for (let index = 0; index < checks.length; index++) {
      const { name, check, missing, isInherited } = checks[index]!
      const given = isInherited && !Object.hasOwn(value, name) ? undefined : value[name]
      const found = given === undefined ? missing : check(given)
      if (found !== undefined) return given === undefined ? found : inside(name, found)
    }
    return undefined
  }
}

function missing(name: string): Problem {
  return { ...problem('required', `must have required property ${name}`), names: [name] }
}

/** Of a record: each value, whatever its name. */
function values({ patternProperties }: Schema): CheckObject | undefined {
  if (patternProperties === undefined) return undefined
  const { '^.*$': schema, ...others } = patternProperties
  if (schema === undefined || Object.keys(others).length > 0)
    throw new Error("a schema of object has 'patternProperties' other than a record's, which cannot be checked")
  const check = compile(schema)
  return (value) => {
    for (const name in value) {
      const found = check(value[name])
      if (found !== undefined) return inside(name, found)
    }
    return undefined
  }
}

function anyOf(schemas: readonly Schema[]): Check {
  if (schemas.every((schema) => schema.const !== undefined)) return oneOf(schemas.map((schema) => schema.const))
  const checks = schemas.map(compile)
  return (value) => {
    let nearest: Problem | undefined
    for (const check of checks) {
      const found = check(value)
      if (found === undefined) return undefined
      // Of the one that was meant: not that another is of another type or kind.
      if (nearest === undefined || isOther(nearest)) nearest = isOther(found) ? (nearest ?? found) : found
    }
    return nearest
  }
}

function isOther({ path, keyword }: Problem): boolean {
  return keyword === 'const' || (keyword === 'type' && path === '')
}

function oneOf(constants: readonly unknown[]): Check {
  const wrong = problem('anyOf', `must be one of ${constants.join(', ')}`)
  return (value) => (constants.includes(value) ? undefined : wrong)
}
