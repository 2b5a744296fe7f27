// A process declares each of its settings once, in a table: name, type, default and meaning. File, environment and flags
// (cli), the type of its config and its checks all come from that table.
import { nearestName } from './nearest.ts'
import type { SettingType } from './types.ts'

export interface Setting<T> {
  readonly name: string
  readonly type: SettingType<T>
  /** Absent: it must be given. */
  readonly default?: T
  readonly doc: string
}

export type SettingsTable = Readonly<Record<string, Setting<never> | Setting<unknown>>>

type ValueOf<S> = S extends Setting<infer T> ? T : never
type RequiredKeys<Table> = {
  [K in keyof Table]: Table[K] extends { readonly default: unknown } ? never : K
}[keyof Table]

/** Every setting's value by its key in the table. */
export type ConfigOf<Table> = { readonly [K in keyof Table]: ValueOf<Table[K]> }
/** What a caller has to give: the rest has defaults. */
export type GivenOf<Table> = Pick<ConfigOf<Table>, RequiredKeys<Table>> & Partial<ConfigOf<Table>>

export type SettingProblem = 'CONFIG_UNKNOWN' | 'CONFIG_WRONG' | 'CONFIG_MISSING'
/** Makes the process's own error: `message` has name and value, `next` what would be right. */
export type Refuse = (problem: SettingProblem, message: string, next: string) => Error

export function setting<T>(name: string, type: SettingType<T>, doc: string): Setting<T>
export function setting<T>(
  name: string,
  type: SettingType<T>,
  doc: string,
  byDefault: T,
): Setting<T> & { readonly default: T }
export function setting<T>(name: string, type: SettingType<T>, doc: string, ...byDefault: [T?]): Setting<T> {
  return byDefault.length === 0 ? { name, type, doc } : { name, type, doc, default: byDefault[0] as T }
}

/** A whole config from values by key; what is not given is the default. */
export function configFrom<Table extends SettingsTable>(
  table: Table,
  given: GivenOf<Table>,
  refuse: Refuse,
): ConfigOf<Table> {
  const config: Record<string, unknown> = {}
  for (const key of Object.keys(given)) if (!Object.hasOwn(table, key)) throw unknown(table, key, refuse)
  for (const [key, { name, type, default: byDefault, doc }] of entriesOf(table)) {
    const value = (given as Record<string, unknown>)[key] ?? byDefault
    if (value === undefined)
      throw refuse('CONFIG_MISSING', `${name} is not set: ${doc}`, `Give ${name} ${type.expected}.`)
    config[key] = value
  }
  return config as ConfigOf<Table>
}

/** A whole config from texts by setting name, as files, environment and flags have them. */
export function configFromTexts<Table extends SettingsTable>(
  table: Table,
  texts: Readonly<Record<string, string>>,
  refuse: Refuse,
): ConfigOf<Table> {
  const given: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(texts)) {
    const entry = entriesOf(table).find(([, candidate]) => candidate.name === name)
    if (entry === undefined) throw unknown(table, name, refuse, text)
    const [key, { type }] = entry
    const value = type.parse(text)
    if (value === undefined) {
      const message = `${name} is ${JSON.stringify(text)}, but must be ${type.expected}`
      throw refuse('CONFIG_WRONG', message, `Give ${name} ${type.expected}.`)
    }
    given[key] = value
  }
  return configFrom(table, given as GivenOf<Table>, refuse)
}

function entriesOf(table: SettingsTable): [string, Setting<unknown>][] {
  return Object.entries(table) as [string, Setting<unknown>][]
}

function unknown(table: SettingsTable, name: string, refuse: Refuse, text?: string): Error {
  const names = entriesOf(table).map(([, candidate]) => candidate.name)
  const near = nearestName(name, names)
  const next = near === undefined ? `Known settings: ${names.join(', ')}.` : `Did you mean ${near}?`
  const value = text === undefined ? '' : ` (it was given the value ${JSON.stringify(text)})`
  return refuse('CONFIG_UNKNOWN', `there is no setting ${JSON.stringify(name)}${value}`, next)
}
