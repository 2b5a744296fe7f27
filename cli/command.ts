// What a command is: its words, arguments and options declared once; parsing, checks and help come from that.
import { parseArgs } from 'node:util'
import { nearestName } from '@castellan/protocol/config'
import { type Outcome, UsageError } from './errors.ts'
import type { Io } from './io.ts'

/** What Castle can list by name, so that completion can offer it. */
export type Named = 'topics' | 'groups' | 'clients'

interface Completed {
  /** Words that are right, for completion: all, or the usual ones. */
  readonly values?: readonly string[]
  readonly named?: Named
  /** A path. */
  readonly file?: boolean
}

export interface Option extends Completed {
  readonly name: string
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string
  readonly doc: string
  readonly default?: string
  /** Of the environment; it stands in for the option. */
  readonly variable?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** An empty value says something; elsewhere it is the slip of a script whose variable is not set. */
  readonly mayBeEmpty?: boolean
}

export interface Argument extends Completed {
  readonly name: string
  readonly doc: string
  readonly optional?: boolean
  /** The last argument: any number of them. */
  readonly multiple?: boolean
}

/** One call that works against a fresh `castellan start`, in the order of the command table; a test runs them all. */
export interface Example {
  /** What follows `castellan`, without anything that a shell would change. */
  readonly words: string
  /** What it reads. */
  readonly input?: string
  readonly doc: string
  /** Why the test does not run it. */
  readonly notRun?: string
}

export interface Command {
  /** The words that call it, such as `topic create`. */
  readonly name: string
  readonly summary: string
  readonly args?: readonly Argument[]
  readonly options: readonly Option[]
  readonly examples: readonly Example[]
  /** Said at the end of the help. */
  readonly more?: string
  run(input: Input, io: Io): Promise<Outcome>
}

/** Options of every command. */
export const globalOptions: readonly Option[] = [
  { name: 'no-color', doc: 'No colours, whatever the terminal and the environment (NO_COLOR, FORCE_COLOR) say.' },
  { name: 'help', doc: 'Print this.' },
]

/** What was given on the command line, checked against what the command declares. */
export class Input {
  readonly args: readonly string[]
  readonly #values: ReadonlyMap<string, readonly string[]>
  readonly #command: Command

  constructor(command: Command, args: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.#command = command
    this.args = args
    this.#values = values
  }

  /** The value of an option, its default, or undefined. */
  text(name: string): string | undefined {
    const { variable, default: byDefault } = this.#option(name)
    const inEnvironment = variable === undefined ? undefined : process.env[variable] || undefined
    return this.#values.get(name)?.at(-1) ?? inEnvironment ?? byDefault
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** The argument of that place; `parse` saw to it that those that are needed are there. */
  arg(index: number): string {
    return this.args[index] ?? ''
  }

  isSet(name: string): boolean {
    return this.#values.has(name)
  }

  /** The value of an option that is a whole number within bounds. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : this.#integer(name, text, min, max)
  }

  /** Those of an option that may be repeated. */
  integers(name: string, min: number, max: number): number[] {
    return this.all(name).map((text) => this.#integer(name, text, min, max))
  }

  #integer(name: string, text: string, min: number, max: number): number {
    const value = Number(text)
    if (!/^-?\d{1,16}$/.test(text) || value < min || value > max) {
      throw new UsageError(`--${name} is '${text}', but must be a whole number from ${min} to ${max}.`)
    }
    return value
  }

  /** The value of an option that is one of a few words. */
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const word = words.find((candidate) => candidate === text)
    if (word === undefined) throw new UsageError(`--${name} is '${text}', but must be one of ${words.join(', ')}.`)
    return word
  }

  /** The given options that carry a value, in the order of the command's table. */
  *given(): Iterable<readonly [name: string, value: string]> {
    for (const { name, value } of this.#command.options) {
      const text = this.#values.get(name)?.at(-1)
      if (value !== undefined && text !== undefined) yield [name, text]
    }
  }

  #option(name: string): Option {
    const option = this.#command.options.find((candidate) => candidate.name === name)
    if (option === undefined) throw new Error(`'${this.#command.name}' declares no option ${name}`)
    return option
  }
}

/** Reads what follows the words of a command. Throws a UsageError that names what is wrong and what would be right. */
export function parse(command: Command, words: readonly string[]): Input {
  const declared = [...command.options, ...globalOptions]
  const options = Object.fromEntries(
    declared.map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  )
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true })
  const args: string[] = []
  const values = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') args.push(token.value)
    if (token.kind !== 'option') continue
    const option = declared.find(({ name }) => name === token.name)
    if (option === undefined) throw unknownOption(command, token.rawName, token.name)
    const earlier = values.get(option.name) ?? []
    const isSure = token.inlineValue === true // --key=--x means it; --key --x has forgotten a value
    values.set(option.name, [...earlier, checkedValue(option, token.value, earlier.length, isSure)])
  }
  checkArguments(command, args)
  return new Input(command, args, values)
}

function checkedValue(option: Option, value: string | undefined, earlier: number, isSure: boolean): string {
  if (earlier > 0 && option.multiple !== true) throw new UsageError(`--${option.name} is given twice: give it once.`)
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${option.name} is a switch and takes no value ('${value}').`)
    return ''
  }
  const isMissing = value === undefined || (!isSure && value.startsWith('--') && value.length > 2)
  if (isMissing || (value === '' && option.mayBeEmpty !== true)) {
    throw new UsageError(`--${option.name} needs a value: --${option.name} ${option.value} (${option.doc})`)
  }
  return value
}

function unknownOption(command: Command, written: string, name: string): UsageError {
  const near = nearestName(
    name,
    [...command.options, ...globalOptions].map((option) => option.name),
  )
  const hint = near === undefined ? `see castellan ${command.name} --help` : `did you mean --${near}?`
  return new UsageError(`There is no option ${written} for '${command.name}': ${hint}`)
}

function checkArguments(command: Command, args: readonly string[]): void {
  const declared = command.args ?? []
  const missing = declared[args.length]
  if (missing !== undefined && missing.optional !== true) {
    throw new UsageError(`'${command.name}' needs ${missing.name}: ${missing.doc}`)
  }
  const extra = args[declared.length]
  if (extra !== undefined && declared.at(-1)?.multiple !== true)
    throw new UsageError(`'${extra}' is too much for '${command.name}': see castellan ${command.name} --help.`)
}
