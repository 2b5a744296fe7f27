// Checks made from schemas, by Ajv: it generates code for each, which allocates next to nothing for a value that fits. Ours is only what
// people are told: which of its errors, and in which words.
//
// Generating is slow (milliseconds for a small schema), so it is done when a check is first used: no process uses all of them. A
// keyword that Ajv does not know is refused, rather than not checked. Its check of schemas against their meta-schema, and the shortening
// of what it generates, are left out: they would be most of the time, and change no answer.
import { Ajv, type ErrorObject } from 'ajv'
import type { TSchema } from 'typebox'

/** What is wrong with a value: one thing, for a message has room for one. */
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

// `verbose`: an error has the value and schema that it is about. Nothing else is collected after the first error (but the
// alternatives of a union), so that a message of millions of wrong items costs no more than one.
// `regExp`: the pattern of a record's names, '^.*$', is to match each of them, also one with a line's end.
const regExp = Object.assign((pattern: string, flags: string) => new RegExp(pattern, `${flags}s`), {
  code: 'new RegExp',
})

const ajv = new Ajv({
  discriminator: true,
  verbose: true,
  strictTypes: false,
  meta: false,
  validateSchema: false,
  code: { optimize: false, regExp },
})

/** Once used, the check throws an Error for a schema that Ajv does not know how to check: that is a mistake in the schema. */
export function compileSchema(schema: TSchema): Check {
  let validate: ReturnType<typeof ajv.compile> | undefined
  return (value) => {
    validate ??= ajv.compile(schema)
    if (validate(value)) return undefined
    const problem = problemOf(validate.errors ?? [])
    validate.errors = null // they hold what was checked, up to megabytes, until the next check
    return problem
  }
}

type SchemaError = ErrorObject<string, Readonly<Record<string, unknown>>, unknown>

/** There are several errors only where there are alternatives: the one that is told is of the alternative that fits furthest. */
function problemOf(errors: readonly SchemaError[]): Problem {
  const own = errors.filter(({ keyword, propertyName }) => keyword !== 'anyOf' && propertyName === undefined)
  return describe(own.reduce((best, error) => (isNearer(error, best) ? error : best)))
}

function isNearer(error: SchemaError, than: SchemaError): boolean {
  const deeper = depthOf(error) - depthOf(than)
  return deeper > 0 || (deeper === 0 && than.keyword === 'type' && error.keyword !== 'type')
}

function depthOf({ instancePath }: SchemaError): number {
  return instancePath.split('/').length
}

/** In Ajv's words, but where the value itself says more. */
function describe(error: SchemaError): Problem {
  const { instancePath: path, keyword, params, message = keyword } = error
  const unknown = unknownNames(error)
  // Before what is missing: it is what a sender got wrong first.
  if (unknown.length > 0)
    return { path, keyword: 'additionalProperties', message: 'must NOT have additional properties', names: unknown }
  switch (keyword) {
    case 'required':
      return { path, keyword, message, names: [String(params['missingProperty'])] }
    case 'propertyNames':
      return { path, keyword, message, names: [String(params['propertyName'])] }
    case 'const':
      return { path, keyword, message: `must be ${params['allowedValue']}` }
    case 'enum':
      return { path, keyword, message: mustBeOneOf(params['allowedValues'] as unknown[]) }
    case 'discriminator': {
      const tag = String(params['tag'])
      return { path: `${path}/${tag}`, keyword, message: mustBeOneOf(tagsOf(tag, error.parentSchema?.['oneOf'])) }
    }
    default:
      return { path, keyword, message }
  }
}

interface Tagged {
  readonly properties: Readonly<Record<string, { const?: unknown; enum?: readonly unknown[] }>>
}

function tagsOf(tag: string, alternatives: readonly Tagged[]): unknown[] {
  return alternatives.flatMap(({ properties }) => properties[tag]?.enum ?? [properties[tag]?.const])
}

function mustBeOneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`
}

/** Names that an object has and must not have, all of them, where that or what is missing is the error. */
function unknownNames({ keyword, data, parentSchema = {} }: SchemaError): string[] {
  if (keyword !== 'required' && keyword !== 'additionalProperties') return []
  const { additionalProperties, properties = {} } = parentSchema
  if (additionalProperties !== false) return []
  return Object.keys(data as object).filter((name) => !Object.hasOwn(properties, name))
}
