// Before something is changed or deleted, a person sees what will happen and agrees; a script says --yes.
import type { Input, Option } from './command.ts'
import { CommandError, UsageError } from './errors.ts'
import type { Io } from './io.ts'

export const yesOption: Option = { name: 'yes', doc: 'Do it without asking; needed where nobody can be asked.' }
export const dryRunOption: Option = { name: 'dry-run', doc: 'Only say what would happen.' }
export const reasonOption: Option = { name: 'reason', value: 'TEXT', doc: "Why, for Castle's record of decisions." }

export interface Confirmation {
  /** What will happen, for people. */
  readonly preview: string
  readonly question: string
  /** What has to be typed; left out: y or yes. */
  readonly typed?: string
}

/** Resolves once it may be done. Throws a UsageError where nobody is there to agree, a CommandError when the person does not. */
export async function confirm(input: Input, io: Io, { preview, question, typed }: Confirmation): Promise<void> {
  if (input.isSet('yes')) return
  await io.stderr.write(`${preview}\n`)
  if (!io.canAsk) throw new UsageError('Nobody can be asked here, and nothing was done: give --yes if this is meant.')
  const answer = await io.ask(typed === undefined ? `${question} [y/N] ` : `${question} Type ${typed} to go on: `)
  const isAgreed = typed === undefined ? /^\s*y(es)?\s*$/i.test(answer ?? '') : answer?.trim() === typed
  if (!isAgreed) throw new CommandError('Nothing was done.')
}
