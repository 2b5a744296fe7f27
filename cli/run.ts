// One call of the `castellan` command: finds it, runs it, and says how it ended: by an exit code, and a sentence when it failed.
import { nearestName } from '@castellan/protocol/config'
import { parse } from './command.ts'
import { entries, findEntry } from './commands/index.ts'
import { exitCodeOf, exitCodes, isForeseen, sentenceOf, UsageError } from './errors.ts'
import { helpOf, helpOfAll } from './help.ts'
import type { Io } from './io.ts'
import { harmless, paint, say } from './output/index.ts'
import manifest from './package.json' with { type: 'json' }

/** Resolves with the exit code. Rejects with what nobody foresaw: that wants its stack. */
export async function run(words: readonly string[], io: Io): Promise<number> {
  try {
    return await runCommand(words, io)
  } catch (error) {
    if (!isForeseen(error)) throw error
    await say(io, paint(io.stderr, 'red', harmless(sentenceOf(error), true)))
    return exitCodeOf(error)
  }
}

async function runCommand(given: readonly string[], io: Io): Promise<number> {
  const end = given.indexOf('--')
  const isHelp = (word: string, index: number) => {
    if (end !== -1 && index > end) return false
    const isValue = given[index - 1]?.startsWith('--') === true
    return word === '--help' || (word === '-h' && !isValue) || (word === 'help' && index === 0)
  }
  const wantsHelp = given.some(isHelp)
  const words = given.filter((word, index) => !isHelp(word, index))
  if (words[0] === '--version') return await answer(io, manifest.version)
  const found = findEntry(words)
  if (found === undefined) return await answer(io, helpOn(words, wantsHelp))
  const command = await found.entry.load()
  if (wantsHelp) return await answer(io, helpOf(command))
  const outcome = await command.run(parse(command, found.rest), io)
  return exitCodes[outcome].code
}

async function answer(io: Io, text: string): Promise<number> {
  await io.stdout.write(`${text}\n`)
  return exitCodes.done.code
}

/** Help on all commands, or on those that begin with a word. Throws a UsageError when none is meant. */
function helpOn(words: readonly string[], wantsHelp: boolean): string {
  const shown = entries.filter(({ hidden }) => hidden !== true)
  const firstOption = words.findIndex((word) => word.startsWith('-'))
  const plain = firstOption === -1 ? words : words.slice(0, firstOption)
  const [first] = plain
  const ofNoun = shown.filter(({ name }) => name.startsWith(`${first} `))
  const isNoun = ofNoun.length > 0 && plain.length === 1
  const isNothing = first === undefined && (wantsHelp || words.every((word) => word === '--no-color'))
  if (!isNoun && !isNothing) throw unknownCommand(plain.length > 0 ? plain : words, ofNoun.length > 0 ? ofNoun : shown)
  const text = helpOfAll(isNoun ? ofNoun : shown)
  if (wantsHelp) return text
  throw new UsageError(`Say which command:\n\n${text}`)
}

function unknownCommand(words: readonly string[], candidates: readonly { name: string }[]): UsageError {
  const given = words.slice(0, 2)
  const names = candidates.map(({ name }) => name)
  const near = nearestName(given.join(' '), names) ?? nearestName(given[0] ?? '', names)
  const hint = near === undefined ? 'see castellan --help.' : `did you mean castellan ${near}?`
  return new UsageError(`There is no command '${words.join(' ')}': ${hint}`)
}
