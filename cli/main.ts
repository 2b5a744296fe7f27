// The `castellan` command. Each command is a file in commands/, loaded only when it is called: a broker's start should not
// pay for what only `produce` needs.
import { aligned, type Command, helpOf, parse } from './command.ts'
import { CommandError, isForeseen, sentenceOf, UsageError } from './errors.ts'

interface Entry {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

const topic = () => import('./commands/topic.ts')
const group = () => import('./commands/group.ts')

const entries: readonly Entry[] = [
  {
    name: 'start',
    summary: 'Castle and brokers as processes of this machine',
    load: async () => (await import('./commands/start.ts')).start,
  },
  { name: 'castle', summary: 'One Castle', load: async () => (await import('./commands/castle.ts')).castle },
  { name: 'broker', summary: 'One broker', load: async () => (await import('./commands/broker.ts')).broker },
  { name: 'topic list', summary: 'All topics', load: async () => (await topic()).list },
  { name: 'topic create', summary: 'Make a topic', load: async () => (await topic()).create },
  { name: 'topic describe', summary: 'A topic and its partitions', load: async () => (await topic()).describe },
  {
    name: 'topic change',
    summary: "Change a topic's ack level, settings, ...",
    load: async () => (await topic()).change,
  },
  { name: 'topic delete', summary: 'Delete a topic and its messages', load: async () => (await topic()).remove },
  { name: 'group list', summary: 'All consumer groups', load: async () => (await group()).list },
  { name: 'group describe', summary: 'Members, assignment, lag', load: async () => (await group()).describe },
  {
    name: 'produce',
    summary: 'Send lines of standard input',
    load: async () => (await import('./commands/produce.ts')).produce,
  },
  {
    name: 'consume',
    summary: 'Print the messages of a topic',
    load: async () => (await import('./commands/consume.ts')).consume,
  },
]

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!isForeseen(error)) throw error
  console.error(`castellan: ${sentenceOf(error)}`)
  process.exitCode = error instanceof CommandError ? error.exitCode : 1
}

async function main(words: readonly string[]): Promise<void> {
  const found = find(words)
  if (found === undefined) {
    const first = words.find((word) => !word.startsWith('-'))
    const known = entries.filter(({ name }) => name.startsWith(`${first} `))
    if (first === undefined || known.length > 0 || first === 'help') return help(words, first, known)
    throw new UsageError(`There is no command '${words.join(' ')}': see castellan --help.`)
  }
  const command = await found.entry.load()
  if (found.rest.includes('--help')) return console.log(helpOf(command))
  await command.run(parse(command, found.rest))
}

function find(words: readonly string[]): { entry: Entry; rest: readonly string[] } | undefined {
  for (const entry of entries) {
    const name = entry.name.split(' ')
    if (name.every((word, index) => words[index] === word)) return { entry, rest: words.slice(name.length) }
  }
  return undefined
}

function help(words: readonly string[], first: string | undefined, known: readonly Entry[]): void {
  const shown = known.length > 0 ? known : entries
  const text = [
    'castellan <command> [options]',
    '',
    ...aligned(shown.map(({ name, summary }) => [name, summary])),
    '',
    'castellan <command> --help says what a command takes.',
  ].join('\n')
  if (words.includes('--help') || first === 'help') return console.log(text)
  throw new UsageError(`Say which command:\n\n${text}`)
}
