// Options, checked: an unknown name or a wrong value is an error that names it and says what would be right. Each option is
// declared once, with its default, in a table beside the code that takes it.
import { CastellanError } from './errors.ts'

export interface Rule<T> {
  /** What would be right, to end the sentence "must be ...". */
  readonly text: string
  readonly fallback: T
  accepts(value: unknown): boolean
}

export type Rules<T> = { readonly [Name in keyof T]-?: Rule<T[Name]> }

/**
 * The options with defaults filled in. `where` names what they belong to ("consumer").
 * Throws OPTION_UNKNOWN or OPTION_WRONG.
 */
export function checkOptions<T extends object>(where: string, rules: Rules<T>, given: object): T {
  if (typeof given !== 'object' || given === null) throw wrong(where, 'options', given, 'an object')
  const known = Object.keys(rules)
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    throw new CastellanError('OPTION_UNKNOWN', `${where}: there is no option '${name}'. There are: ${known.join(', ')}`)
  }
  const values = given as Record<string, unknown>
  const checked: Record<string, unknown> = {}
  for (const [name, rule] of Object.entries<Rule<unknown>>(rules)) {
    const value = values[name]
    if (value !== undefined && !rule.accepts(value)) throw wrong(where, name, value, rule.text)
    if (value === undefined && rule.fallback === required) throw wrong(where, name, value, rule.text)
    checked[name] = value === undefined ? rule.fallback : value
  }
  return checked as T
}

/** The fallback of an option that has none. */
const required: unique symbol = Symbol('required')

function wrong(where: string, name: string, value: unknown, text: string): CastellanError {
  const shown = typeof value === 'string' ? `'${value}'` : String(value)
  return new CastellanError('OPTION_WRONG', `${where}: '${name}' must be ${text}, not ${shown}`)
}

// ---------------------------------------------------------------- rules

function rule<T>(text: string, fallback: T, accepts: (value: unknown) => boolean): Rule<T> {
  return { text, fallback, accepts }
}

export function needed<T>(of: Rule<T>): Rule<T> {
  return { ...of, fallback: required as T }
}

/** May be left out: then undefined. */
export function optional<T>(of: Rule<T>): Rule<T | undefined> {
  return { ...of, fallback: undefined }
}

const isNumber = (value: unknown, min: number, max: number) => typeof value === 'number' && value >= min && value <= max

/** Milliseconds, fractions allowed. */
export function durationMs(fallback: number, min = 0, max = 2_147_483_647): Rule<number> {
  return rule(`milliseconds from ${min} to ${max}`, fallback, (value) => isNumber(value, min, max))
}

export function integer(fallback: number, min: number, max: number): Rule<number> {
  const accepts = (value: unknown) => Number.isInteger(value) && isNumber(value, min, max)
  return rule(`an integer from ${min} to ${max}`, fallback, accepts)
}

export function fraction(fallback: number, min: number, max: number): Rule<number> {
  return rule(`a number from ${min} to ${max}`, fallback, (value) => isNumber(value, min, max))
}

/** The longest name of anything: a topic, a group, a service. */
export const nameLengthMax = 249

const isName = (value: unknown) => typeof value === 'string' && value !== '' && value.length <= nameLengthMax

export function name(fallback = ''): Rule<string> {
  return rule(`a text of 1 to ${nameLengthMax} characters`, fallback, isName)
}

export function flag(fallback: boolean): Rule<boolean> {
  return rule('true or false', fallback, (value) => typeof value === 'boolean')
}

export function oneOf<const T>(fallback: NoInfer<T>, ...values: readonly T[]): Rule<T> {
  const shown = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(', ')
  return rule<T>(`one of ${shown}`, fallback, (value) => values.includes(value as T))
}

export function names(): Rule<readonly string[]> {
  const accepts = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isName)
  return rule<readonly string[]>(`a list of texts of 1 to ${nameLengthMax} characters, not empty`, [], accepts)
}

export function callback<T extends (...args: never[]) => unknown>(fallback: T): Rule<T> {
  return rule(`a function`, fallback, (value) => typeof value === 'function')
}

/** Anything that `accepts` lets through. */
export function custom<T>(description: string, fallback: T, accepts: (value: unknown) => boolean): Rule<T> {
  return rule(description, fallback, accepts)
}
