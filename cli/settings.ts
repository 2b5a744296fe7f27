// The settings of a process from where people write them: a file, the environment, flags; later ones win. All three use
// the names of the process's own table (broker/config.ts, castle/config.ts), which also checks the values.
import { readFileSync } from 'node:fs'
import { nearestName } from '@castellan/protocol/config'
import type { Input, Option } from './command.ts'
import { codeOf, UsageError } from './errors.ts'

/** One row of a table of settings, as broker and castle declare them. */
export interface SettingRow {
  readonly name: string
  readonly doc: string
  readonly type: { readonly expected: string; format(value: never): string }
  readonly default?: unknown
}

export interface ProcessSettings {
  readonly name: string
  /** Of its environment variables: `CASTELLAN_BROKER_` makes `node.id` of CASTELLAN_BROKER_NODE_ID. */
  readonly prefix: string
  readonly table: Readonly<Record<string, SettingRow>>
}

export type Texts = Record<string, string>

const configOption: Option = {
  name: 'config',
  value: 'FILE',
  doc: 'A file of settings, one name=value a line; the environment and flags win over it.',
  file: true,
}

/** Every setting of a process as an option of the command line. */
export function settingOptions({ table }: ProcessSettings): Option[] {
  const options = Object.values(table).map(({ name, doc, type, default: byDefault }) => ({
    name,
    value: 'VALUE',
    doc: `${doc} Must be ${type.expected}.`,
    mayBeEmpty: true, // the setting's own type decides
    ...(byDefault === undefined || byDefault === null ? {} : { default: type.format(byDefault as never) }),
  }))
  return [configOption, ...options]
}

/** Said at the end of the help of a process. */
export function settingHelp({ prefix, table }: ProcessSettings): string {
  const first = Object.values(table)[0]?.name ?? ''
  return [
    `Each setting may also stand in the --config file under its name, or in the environment: ${variableOf(prefix, first)} is ${first}.`,
    'Flags win over the environment, and that over the file. docs/configuration.md has all of them.',
  ].join('\n')
}

/** All settings that were given, by name. Throws a UsageError that names what names no setting, and where it stands. */
export function collectSettings(
  { prefix, table }: ProcessSettings,
  input: Input,
  environment: NodeJS.ProcessEnv = process.env,
): Texts {
  const names = Object.values(table).map(({ name }) => name)
  const { [configOption.name]: configFile, ...variables } = fromEnvironment(names, prefix, environment)
  const file = input.text('config') ?? configFile
  const flags: Texts = {}
  for (const [name, value] of input.given()) if (names.includes(name)) flags[name] = value
  return { ...(file === undefined ? {} : readSettingsFile(file, names)), ...variables, ...flags }
}

function fromEnvironment(names: readonly string[], prefix: string, environment: NodeJS.ProcessEnv): Texts {
  const texts: Texts = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || value === undefined) continue
    const name = [...names, configOption.name].find((candidate) => variableOf(prefix, candidate) === variable)
    if (name === undefined) {
      const near = nearestName(
        variable,
        names.map((candidate) => variableOf(prefix, candidate)),
      )
      const hint = near === undefined ? 'unset or correct it' : `did you mean ${near}?`
      throw new UsageError(`The environment has ${variable}='${value}', which names no setting: ${hint}`)
    }
    texts[name] = value
  }
  return texts
}

export function variableOf(prefix: string, name: string): string {
  return prefix + name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

function readSettingsFile(path: string, names: readonly string[]): Texts {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    throw new UsageError(`Cannot read the settings file ${path} (${codeOf(error)}): correct --config.`)
  }
  return parseSettings(text, path, names)
}

/** Lines of `name=value`; empty lines and lines that start with # say nothing. */
export function parseSettings(text: string, path: string, names: readonly string[]): Texts {
  const texts: Texts = {}
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const where = `${path}:${index + 1}`
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(trimmed) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError(`${where} is '${trimmed}', but must be name=value.`)
    }
    if (!names.includes(name)) throw new UsageError(`${where} sets ${name} to '${value}': ${unknownHint(name, names)}`)
    if (texts[name] !== undefined) throw new UsageError(`${where} sets ${name} a second time: keep one line.`)
    texts[name] = value
  }
  return texts
}

function unknownHint(name: string, names: readonly string[]): string {
  const near = nearestName(name, names)
  return near === undefined ? `there is no such setting; known are ${names.join(', ')}.` : `did you mean ${near}?`
}
