// Every command, in the order of the help. Each is loaded only when it is called: a broker's start should not pay for what only
// `produce` needs. Help, completion and docs/command-line.md come from this list.
import type { Command } from '../command.ts'

export interface Entry {
  readonly name: string
  readonly summary: string
  /** For scripts of ours; not in the help. */
  readonly hidden?: boolean
  load(): Promise<Command>
}

const topic = () => import('./topic.ts')
const replicas = () => import('./topic-replicas.ts')
const group = () => import('./group.ts')
const client = () => import('./client.ts')
const completion = () => import('./completion.ts')

export const entries: readonly Entry[] = [
  {
    name: 'start',
    summary: 'Castle and brokers as processes of this machine',
    load: async () => (await import('./start.ts')).start,
  },
  { name: 'castle', summary: 'One Castle', load: async () => (await import('./castle.ts')).castle },
  { name: 'broker', summary: 'One broker', load: async () => (await import('./broker.ts')).broker },
  {
    name: 'broker list',
    summary: 'All brokers: state, logs, loop and disk',
    load: async () => (await import('./broker-views.ts')).list,
  },
  {
    name: 'broker describe',
    summary: 'How a broker does',
    load: async () => (await import('./broker-views.ts')).describe,
  },
  {
    name: 'broker restart',
    summary: 'Restart the brokers of this machine, one after another, so that nobody notices',
    load: async () => (await import('./broker-restart.ts')).restart,
  },
  {
    name: 'broker can-stop',
    summary: 'May a broker be stopped now? The exit code says so',
    load: async () => (await import('./broker-restart.ts')).canStop,
  },
  { name: 'topic create', summary: 'Make a topic', load: async () => (await topic()).create },
  { name: 'topic list', summary: 'All topics', load: async () => (await topic()).list },
  { name: 'topic describe', summary: 'A topic and its partitions', load: async () => (await topic()).describe },
  {
    name: 'topic change',
    summary: "Change a topic's ack level, settings, ...",
    load: async () => (await topic()).change,
  },
  {
    name: 'topic reassign',
    summary: 'Other replicas for a topic, or more, or fewer',
    load: async () => (await replicas()).reassign,
  },
  {
    name: 'topic elect',
    summary: 'Preferred leaders, or unclean ones where nobody in sync is left',
    load: async () => (await replicas()).elect,
  },
  {
    name: 'produce',
    summary: 'Send lines, JSON lines or files as messages',
    load: async () => (await import('./produce.ts')).produce,
  },
  {
    name: 'consume',
    summary: 'Print the messages of a topic, and follow it',
    load: async () => (await import('./consume.ts')).consume,
  },
  { name: 'topic delete', summary: 'Delete a topic and its messages', load: async () => (await topic()).remove },
  { name: 'group list', summary: 'All consumer groups', load: async () => (await group()).list },
  { name: 'group describe', summary: 'Members, assignment, lag', load: async () => (await group()).describe },
  { name: 'client list', summary: 'All clients that Castle hears of', load: async () => (await client()).list },
  {
    name: 'client describe',
    summary: 'What a client should do beside what it does',
    load: async () => (await client()).describe,
  },
  {
    name: 'status',
    summary: 'Is anything wrong? Castle, brokers, problems',
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'completion',
    summary: 'A script that completes commands in bash or zsh',
    load: async () => (await completion()).completion,
  },
  { name: 'names', summary: '', hidden: true, load: async () => (await completion()).names },
]

/** The command that the words call, the longest where one begins with another, and what follows; undefined: none. */
export function findEntry(words: readonly string[]): { entry: Entry; rest: readonly string[] } | undefined {
  let found: { entry: Entry; rest: readonly string[] } | undefined
  for (const entry of entries) {
    const name = entry.name.split(' ')
    if (!name.every((word, index) => words[index] === word)) continue
    const rest = words.slice(name.length)
    if (found === undefined || rest.length < found.rest.length) found = { entry, rest }
  }
  return found
}
