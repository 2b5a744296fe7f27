// Standard Schema (version 1): the interface by which zod, valibot, arktype and others check a value, https://standardschema.dev.
// A copy of its types, as its authors intend, so that services need no further package; and one check by it.
import { CastellanError, messageOf } from '../errors.ts'

/** Whatever checks values of type `Input` and gives values of type `Output`: its own defaults and transforms are in there. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type TypesOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>
/** What may be sent under a schema. */
export type InputOf<S extends StandardSchema> = TypesOf<S>['input']
/** What a handler gets under a schema. */
export type OutputOf<S extends StandardSchema> = TypesOf<S>['output']

/** What does not fit a schema, and where. */
export interface ValueIssue {
  /** `items[2].price`; '' is the value itself. */
  readonly path: string
  readonly message: string
}

export type Checked<Output> =
  | { readonly fits: true; readonly value: Output }
  | { readonly fits: false; readonly issues: readonly ValueIssue[] }

/** A schema may find something wrong with each item of a long list. */
const issuesMax = 100

export function isSchema(value: unknown): value is StandardSchema {
  // An arktype is a function.
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  const standard: unknown = (value as Record<string, unknown>)['~standard']
  return typeof standard === 'object' && standard !== null && 'validate' in standard
}

/**
 * Checks a value. Throws SCHEMA_ASYNC for a schema that answers with a promise: messages keep the order of the calls, and would have to
 * wait for it one by one. Throws VALUE_REFUSED when the schema itself throws.
 */
export function checkValue<Output>(schema: StandardSchema<unknown, Output>, value: unknown): Checked<Output> {
  const { validate, vendor } = schema['~standard']
  const result = attempt(() => validate(value), vendor)
  if (isPromise(result)) {
    // Nobody waits for its answer.
    result.then(undefined, () => {})
    // zod, for one, tries once more asynchronously when a transform throws.
    throw new CastellanError('SCHEMA_ASYNC', `the ${vendor} schema answers with a promise, or its own code throws`)
  }
  if (result.issues === undefined) return { fits: true, value: result.value }
  const issues = result.issues.slice(0, issuesMax).map(({ path = [], message }) => ({ path: pathOf(path), message }))
  return { fits: false, issues }
}

function attempt<T>(check: () => T, vendor: string): T {
  try {
    return check()
  } catch (cause) {
    throw new CastellanError('VALUE_REFUSED', `the ${vendor} schema itself failed: ${messageOf(cause)}`, { cause })
  }
}

/** For an error's message: the first few. */
export function issuesText(issues: readonly ValueIssue[]): string {
  const shown = issues.slice(0, 3).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return issues.length > shown.length ? `${shown.join('; ')}; and more` : shown.join('; ')
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value
}

function pathOf(path: NonNullable<StandardIssue['path']>): string {
  let text = ''
  for (const step of path) {
    const key = typeof step === 'object' ? step.key : step
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text
}
