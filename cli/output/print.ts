// How commands answer: text for people, or JSON for programs (--json).
import type { Input, Option } from '../command.ts'
import type { Io } from '../io.ts'

export const jsonOption: Option = { name: 'json', doc: 'Print JSON, for programs.' }

/** Prints `value` as one line of JSON when --json is given, and `text()` otherwise: what a command does last. */
export async function print(input: Input, io: Io, value: unknown, text: () => string): Promise<'done'> {
  await io.stdout.write(`${input.isSet('json') ? JSON.stringify(value) : text()}\n`)
  return 'done'
}

/** A line for people on stderr: it belongs to no answer. */
export async function say(io: Io, line: string): Promise<void> {
  await io.stderr.write(`castellan: ${line}\n`)
}
