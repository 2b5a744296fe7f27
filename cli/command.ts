// What a command is: its words, arguments and options declared once; parsing, checks and help come from that.
import { parseArgs } from 'node:util'
import { UsageError } from './errors.ts'

export interface Option {
  readonly name: string
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string
  readonly doc: string
  readonly default?: string
  /** May be given more than once. */
  readonly multiple?: boolean
  /** An empty value says something; elsewhere it is the slip of a script whose variable is not set. */
  readonly mayBeEmpty?: boolean
}

export interface Argument {
  readonly name: string
  readonly doc: string
  readonly optional?: boolean
}

export interface Command {
  /** The words that call it, such as `topic create`. */
  readonly name: string
  readonly summary: string
  readonly args?: readonly Argument[]
  readonly options: readonly Option[]
  /** Said at the end of the help. */
  readonly more?: string
  run(input: Input): Promise<void>
}

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
    return this.#values.get(name)?.at(-1) ?? this.#option(name).default
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  isSet(name: string): boolean {
    return this.#values.has(name)
  }

  /** The value of an option that is a whole number within bounds. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
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
  const options = Object.fromEntries(
    command.options.map(({ name, value }) => [
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
    const option = command.options.find(({ name }) => name === token.name)
    if (option === undefined) throw unknownOption(command, token.rawName, token.name)
    const earlier = values.get(option.name) ?? []
    values.set(option.name, [...earlier, checkedValue(option, token.value, earlier.length)])
  }
  checkArguments(command, args)
  return new Input(command, args, values)
}

function checkedValue(option: Option, value: string | undefined, earlier: number): string {
  if (earlier > 0 && option.multiple !== true) throw new UsageError(`--${option.name} is given twice: give it once.`)
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${option.name} is a switch and takes no value ('${value}').`)
    return ''
  }
  const isMissing = value === undefined || (value.startsWith('--') && value.length > 2)
  if (isMissing || (value === '' && option.mayBeEmpty !== true)) {
    throw new UsageError(`--${option.name} needs a value: --${option.name} ${option.value} (${option.doc})`)
  }
  return value
}

function unknownOption(command: Command, written: string, name: string): UsageError {
  const near = command.options.find((option) => squeezed(option.name) === squeezed(name))
  const hint = near ? `write it --${near.name}` : `see castellan ${command.name} --help`
  return new UsageError(`There is no option ${written} for '${command.name}': ${hint}.`)
}

const squeezed = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

function checkArguments(command: Command, args: readonly string[]): void {
  const declared = command.args ?? []
  const missing = declared[args.length]
  if (missing !== undefined && missing.optional !== true) {
    throw new UsageError(`'${command.name}' needs ${missing.name}: ${missing.doc}`)
  }
  const extra = args[declared.length]
  if (extra !== undefined)
    throw new UsageError(`'${extra}' is too much for '${command.name}': see castellan ${command.name} --help.`)
}

/** The text of `castellan <command> --help`. */
export function helpOf(command: Command): string {
  const args = (command.args ?? []).map(({ name, optional }) => (optional ? ` [${name}]` : ` ${name}`)).join('')
  const lines = [`castellan ${command.name}${args} [options]`, '', command.summary]
  if (command.args !== undefined) lines.push('', ...aligned(command.args.map(({ name, doc }) => [name, doc])))
  if (command.options.length > 0) lines.push('', 'Options:', ...aligned(command.options.map(optionLine)))
  if (command.more !== undefined) lines.push('', command.more)
  return lines.join('\n')
}

function optionLine({ name, value, doc, default: byDefault }: Option): [string, string] {
  return [`--${name}${value === undefined ? '' : ` ${value}`}`, byDefault === undefined ? doc : `${doc} [${byDefault}]`]
}

/** Two columns; a left side that is too long gets a line of its own. */
export function aligned(rows: readonly (readonly [string, string])[], widthMax = 34): string[] {
  const width = Math.min(widthMax, Math.max(0, ...rows.map(([left]) => left.length)))
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n${' '.repeat(width + 4)}${right}` : `  ${left.padEnd(width)}  ${right}`,
  )
}
