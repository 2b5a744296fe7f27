// What a shell has to know to complete `castellan ...`: the command table, without what cannot be typed.
import { globalOptions, type Option } from '../command.ts'
import type { Entry } from '../commands/index.ts'

export interface CompletedOption extends Option {
  /** As typed. */
  readonly flag: string
}

export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly options: readonly CompletedOption[]
  /** What completes its arguments, one after the other; the last one stands for all further ones. */
  readonly args: readonly Pick<Option, 'values' | 'named' | 'file'>[]
}

export interface CompletionModel {
  readonly commands: readonly CompletedCommand[]
}

/** Loads every command. */
export async function completionModel(entries: readonly Entry[]): Promise<CompletionModel> {
  const shown = entries.filter(({ hidden }) => hidden !== true)
  const commands = shown.map(async ({ name, summary, load }) => {
    const { options, args = [] } = await load()
    return {
      name,
      summary,
      options: [...options, ...globalOptions].map((option) => ({ ...option, flag: `--${option.name}` })),
      args,
    }
  })
  return { commands: await Promise.all(commands) }
}

/** The first words of commands, each with what the help says of it. */
export function nounsOf({ commands }: CompletionModel): { word: string; summary: string }[] {
  const nouns = Map.groupBy(commands, ({ name }) => name.split(' ')[0] ?? name)
  return [...nouns].map(([word, of]) => ({
    word,
    summary: of.length === 1 ? (of[0]?.summary ?? '') : of.map(({ name }) => name.split(' ')[1]).join(', '),
  }))
}

/** The second words of commands that begin with a noun; none where the noun is the command. */
export function verbsOf({ commands }: CompletionModel, noun: string): { word: string; summary: string }[] {
  return commands.flatMap(({ name, summary }) => {
    const [first, second] = name.split(' ')
    return first === noun && second !== undefined ? [{ word: second, summary }] : []
  })
}

/** In single quotes, for both shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
