// The options of a program under test/: declared once; the help, the checks and the types come from that. What is wrong on the command line
// is said with what would be right, and exit code 2: never a stack.
import { parseArgs } from 'node:util'
import { nearestName } from '@castellan/protocol/config'

export interface Option<T> {
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string
  readonly doc: string
  /** Undefined when the text says nothing that is right. */
  read(text: string): T | undefined
  /** What would be right, as it follows "must be". */
  readonly right: string
}

type Options = Readonly<Record<string, Option<unknown>>>
type Values<T extends Options> = { readonly [Name in keyof T]?: T[Name] extends Option<infer V> ? V : never }

export interface Program<T extends Options> {
  /** How it is called, such as `npm run chaos --`. */
  readonly call: string
  readonly summary: string
  readonly options: T
}

export function wholeNumber(value: string, doc: string, min: number, max = Number.MAX_SAFE_INTEGER): Option<number> {
  const right = `a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`
  return { value, doc, right, read: (text) => within(/^\d{1,16}$/, text, min, max) }
}

/** Above 0, such as 0.5. */
export function minutes(doc: string): Option<number> {
  const right = 'a number of minutes above 0'
  return { value: 'M', doc, right, read: (text) => within(/^\d{1,6}(\.\d{1,6})?$/, text, 1e-6, 1e6) }
}

export function someOf<T extends string>(words: readonly T[], doc: string): Option<readonly T[]> {
  const read = (text: string) => {
    const chosen = text.split(',').map((given) => words.find((word) => word === given))
    return chosen.every((word) => word !== undefined) ? chosen : undefined
  }
  return { value: 'a,b', doc: `${doc}: ${words.join(', ')}`, right: `some of ${words.join(', ')}`, read }
}

export function flag(doc: string): Option<true> {
  return { doc, right: 'given without a value', read: () => true }
}

/** What was given; undefined when the program is over (help was asked for, or something is wrong: both are printed). */
export function readOptions<T extends Options>(program: Program<T>, args: readonly string[]): Values<T> | undefined {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(helpOf(program))
    return undefined
  }
  const { values, wrong } = parseOptions(program, args)
  if (wrong === undefined) return values
  console.error(`${wrong}\nSee ${program.call} --help.`)
  process.exitCode = 2
  return undefined
}

/** `wrong`: what, and what would be right. */
export function parseOptions<T extends Options>({ options }: Program<T>, args: readonly string[]) {
  const declared = Object.entries(options).map(([name, { value }]) => {
    return [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }] as const
  })
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(declared),
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const values: Record<string, unknown> = {}
  for (const token of tokens) {
    if (token.kind === 'positional') return { values: {}, wrong: `'${token.value}' is no option.` }
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined)
      return { values: {}, wrong: unknownOption(token.rawName, token.name, Object.keys(options)) }
    const hasValue = token.value !== undefined
    const value = hasValue === (option.value !== undefined) ? option.read(token.value ?? '') : undefined
    if (value === undefined) {
      const given = hasValue ? `is '${token.value}'` : 'has no value'
      return { values: {}, wrong: `--${token.name} ${given}, but must be ${option.right}.` }
    }
    values[token.name] = value
  }
  return { values: values as Values<T> }
}

function unknownOption(written: string, name: string, names: readonly string[]): string {
  const near = nearestName(name, names)
  return `There is no option ${written}${near === undefined ? '.' : `: did you mean --${near}?`}`
}

function helpOf({ call, summary, options }: Program<Options>): string {
  const rows = Object.entries(options).map(([name, { value, doc }]) => [`--${name}${value ? ` ${value}` : ''}`, doc])
  const width = Math.max(...rows.map(([left = '']) => left.length))
  const lines = [...rows, ['--help', 'print this']].map(([left = '', doc]) => `  ${left.padEnd(width)}  ${doc}`)
  return `${call} [options]\n${summary}\n\n${lines.join('\n')}`
}

function within(form: RegExp, text: string, min: number, max: number): number | undefined {
  const value = Number(text)
  return form.test(text) && value >= min && value <= max ? value : undefined
}
