// The settings of a process from where people write them: a file, the environment, flags; later ones win. All three use
// the names of the process's own table (broker/config.ts, castle/config.ts), which also checks the values.
import { readFileSync } from 'node:fs'
import type { Input, Option } from './command.ts'
import { CommandError, codeOf, UsageError } from './errors.ts'

/** One row of a table of settings, as broker and castle declare them. */
export interface SettingRow {
  readonly name: string
  readonly doc: string
  readonly type: { readonly expected: string; format(value: never): string }
  readonly default?: unknown
}

type Texts = Record<string, string>

/** Every setting of a table as an option of the command line. */
export function settingOptions(table: Readonly<Record<string, SettingRow>>): Option[] {
  return Object.values(table).map(({ name, doc, type, default: byDefault }) => ({
    name,
    value: 'VALUE',
    doc: `${doc} Must be ${type.expected}.`,
    mayBeEmpty: true, // the setting's own type decides
    ...(byDefault === undefined || byDefault === null ? {} : { default: type.format(byDefault as never) }),
  }))
}

/**
 * All settings that were given, by name. `prefix` is that of the environment variables: `CASTELLAN_BROKER_` makes
 * `node.id` of CASTELLAN_BROKER_NODE_ID. A variable with the prefix that names no setting is refused.
 */
export function collectSettings(
  table: Readonly<Record<string, SettingRow>>,
  input: Input,
  prefix: string,
  environment: NodeJS.ProcessEnv = process.env,
): Texts {
  const names = Object.values(table).map(({ name }) => name)
  const file = input.text('config')
  const flags: Texts = {}
  for (const [name, value] of input.given()) if (names.includes(name)) flags[name] = value
  return {
    ...(file === undefined ? {} : readSettingsFile(file)),
    ...fromEnvironment(names, prefix, environment),
    ...flags,
  }
}

function fromEnvironment(names: readonly string[], prefix: string, environment: NodeJS.ProcessEnv): Texts {
  const texts: Texts = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || value === undefined) continue
    const name = names.find((candidate) => variableOf(prefix, candidate) === variable)
    if (name === undefined) {
      throw new UsageError(`The environment has ${variable}='${value}', which names no setting: unset or correct it.`)
    }
    texts[name] = value
  }
  return texts
}

export function variableOf(prefix: string, name: string): string {
  return prefix + name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
}

function readSettingsFile(path: string): Texts {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`Cannot read the settings file ${path} (${codeOf(error)}): correct --config.`, {
      cause: error,
    })
  }
  return parseSettings(text, path)
}

/** Lines of `name=value`; empty lines and lines that start with # say nothing. */
export function parseSettings(text: string, path: string): Texts {
  const texts: Texts = {}
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(trimmed) ?? []
    if (name === undefined || value === undefined) {
      throw new UsageError(`${path}:${index + 1} is '${trimmed}', but must be name=value.`)
    }
    if (texts[name] !== undefined)
      throw new UsageError(`${path}:${index + 1} sets ${name} a second time: keep one line.`)
    texts[name] = value
  }
  return texts
}
