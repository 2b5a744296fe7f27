// The help of a command and of all of them, from what the commands declare.
import { type Command, type Example, globalOptions, type Option } from './command.ts'
import type { Entry } from './commands/index.ts'

/** The text of `castellan <command> --help`. */
export function helpOf(command: Command): string {
  const lines = [usageOf(command), '', command.summary]
  if (command.args !== undefined) lines.push('', ...aligned(command.args.map(({ name, doc }) => [name, doc])))
  lines.push('', 'Options:', ...aligned([...command.options, ...globalOptions].map(optionLine)))
  if (command.examples.length > 0) lines.push('', 'Examples:', ...command.examples.flatMap(exampleLines))
  if (command.more !== undefined) lines.push('', command.more)
  return lines.join('\n')
}

/** castellan produce TOPIC [FILE ...] [options] */
export function usageOf(command: Command): string {
  const args = (command.args ?? []).map(({ name, optional, multiple }) => {
    const text = multiple ? `${name} ...` : name
    return optional ? ` [${text}]` : ` ${text}`
  })
  return `castellan ${command.name}${args.join('')} [options]`
}

/** As one would type it. */
export function exampleText({ words, input }: Example): string {
  const call = `castellan ${words}`
  return input === undefined ? call : `printf '${input.replaceAll('\n', '\\n')}' | ${call}`
}

function exampleLines(example: Example): string[] {
  return [`  # ${example.doc}`, `  ${exampleText(example)}`]
}

function optionLine({ name, value, doc, default: byDefault }: Option): [string, string] {
  return [`--${name}${value === undefined ? '' : ` ${value}`}`, byDefault === undefined ? doc : `${doc} [${byDefault}]`]
}

/** The text of `castellan --help`, or of `castellan topic --help` for some of the entries. */
export function helpOfAll(entries: readonly Entry[]): string {
  return [
    'castellan <command> [options]',
    '',
    ...aligned(entries.map(({ name, summary }) => [name, summary])),
    '',
    'castellan <command> --help says what a command takes, with examples.',
  ].join('\n')
}

/** Two columns; a left side that is too long gets a line of its own. */
export function aligned(rows: readonly (readonly [string, string])[], widthMax = 34): string[] {
  const width = Math.min(widthMax, Math.max(0, ...rows.map(([left]) => left.length)))
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n${' '.repeat(width + 4)}${right}` : `  ${left.padEnd(width)}  ${right}`,
  )
}
