// `castellan consume`: the messages of a topic, until Ctrl-C, an end that was asked for, or nobody reads any more.
import type { Message } from '@castellan/sdk'
import { castleOption, clusterOption } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { isChosen } from '../consume/chooser.ts'
import { readDirectly } from '../consume/directly.ts'
import { readInGroup } from '../consume/in-group.ts'
import { columns, columnsOf, jsonOf, lineOf } from '../consume/show.ts'
import { endOf, startOf } from '../consume/when.ts'
import { type Outcome, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonOption } from '../output/index.ts'

export const consume: Command = {
  name: 'consume',
  summary: 'Prints the messages of a topic, and follows it until Ctrl-C. Without --group nothing is left behind.',
  args: [{ name: 'TOPIC', doc: 'The topic.', named: 'topics' }],
  options: [
    {
      name: 'from',
      value: 'WHERE',
      doc: 'earliest, latest, an offset, a time such as 2026-01-01T00:00Z (UTC), or -15m (s, m, h, d).',
      default: 'latest',
      values: ['earliest', 'latest'],
    },
    { name: 'until', value: 'WHEN', doc: 'Stop at the end there is now (end), or at a time. [never]', values: ['end'] },
    { name: 'partition', value: 'N', doc: 'Only this partition; may be repeated. [all]', multiple: true },
    { name: 'key', value: 'KEY', doc: 'Print only messages with this key.', mayBeEmpty: true },
    {
      name: 'show',
      value: 'COLUMNS',
      doc: `What to print before the value: all, or some of ${columns.join(', ')} with commas. [nothing]`,
      values: ['all', ...columns],
    },
    { name: 'max', value: 'N', doc: 'Stop after so many messages were printed.' },
    {
      name: 'idle-ms',
      value: 'MS',
      doc: 'Stop when nothing came for so long; exit code 5 when that is because brokers do not answer.',
    },
    {
      name: 'group',
      value: 'NAME',
      doc: 'Read as a member of this group, which commits what was printed. --from then counts where nothing is committed.',
      named: 'groups',
    },
    clusterOption,
    castleOption,
    { ...jsonOption, doc: 'Print each message whole, as one line of JSON.' },
  ],
  examples: [
    { words: 'consume orders --from earliest --until end', doc: 'all that is there now' },
    { words: 'consume orders --from -15m --until end --show time,key', doc: 'the last quarter of an hour' },
    { words: 'consume orders --from earliest --until end --key o-1 --json', doc: 'what became of one order' },
    { words: 'consume orders --group readers --from earliest --max 2', doc: 'two messages, as a member of a group' },
    { words: 'consume orders', doc: 'follow the topic', notRun: 'it ends with Ctrl-C only' },
  ],
  more: [
    'With --json bytes that are no UTF-8 stand as {"base64":"..."}; `produce --as json` reads these lines.',
    'Within a partition messages come in order. Ctrl-C, and a pipe that is closed (| head), end it with exit code 0.',
  ].join('\n'),
  run,
}

async function run(input: Input, io: Io): Promise<Outcome> {
  const nowMs = Date.now()
  const from = startOf(input.text('from') ?? '', nowMs)
  const untilText = input.text('until')
  const until = untilText === undefined ? undefined : endOf(untilText, nowMs)
  const partitions = input.integers('partition', 0, 1_000_000)
  const printer = new Printer(input, io, {
    key: input.text('key'),
    sinceMs: from.kind === 'time' ? from.ms : undefined,
    beforeMs: typeof until === 'object' ? until.ms : undefined,
  })
  const topic = input.arg(0)
  const take = (messages: readonly Message[]) => printer.take(messages)
  const group = input.text('group')
  const ended = AbortSignal.any([printer.enough, io.stdout.closed])
  try {
    if (group === undefined) {
      const how = await readDirectly(input, io, { topic, partitions, from, until, take }, ended)
      return how === 'waiting' && printer.isIdle ? 'unavailable' : 'done'
    }
    if (from.kind === 'offset' || from.kind === 'time' || until !== undefined || partitions.length > 0) {
      throw new UsageError(
        'With --group, --from is earliest or latest, and there is no --until and no --partition: the group decides.',
      )
    }
    await readInGroup(input, io, { topic, group, start: from.kind, take }, ended)
    return 'done'
  } finally {
    printer.end()
  }
}

/** Prints what is chosen, and knows when it is enough. */
class Printer {
  readonly #io: Io
  readonly #choice: Parameters<typeof isChosen>[1]
  readonly #format: (message: Message) => Uint8Array
  readonly #max: number
  readonly #enough = new AbortController()
  readonly #idle: NodeJS.Timeout | undefined
  #printed = 0
  #isIdle = false

  constructor(input: Input, io: Io, choice: Parameters<typeof isChosen>[1]) {
    const shown = columnsOf(input.text('show'))
    const isJson = input.isSet('json')
    if (isJson && shown.length > 0) throw new UsageError('--json prints all there is: leave --show out.')
    this.#io = io
    this.#choice = choice
    this.#max = input.integer('max', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY
    this.#format = isJson
      ? (message) => Buffer.from(`${JSON.stringify(jsonOf(message))}\n`)
      : (message) => lineOf(io.stdout, message, shown)
    const idleMs = input.integer('idle-ms', 1, 2_147_483_647)
    this.#idle = idleMs === undefined ? undefined : setTimeout(() => this.#endIdle(), idleMs)
  }

  get enough(): AbortSignal {
    return this.#enough.signal
  }

  /** Nothing came for so long as was asked for. */
  get isIdle(): boolean {
    return this.#isIdle
  }

  #endIdle(): void {
    this.#isIdle = true
    this.#enough.abort()
  }

  /** False: something of it was chosen, and not printed, because it is enough or nobody reads. */
  async take(messages: readonly Message[]): Promise<boolean> {
    this.#idle?.refresh()
    const chosen = messages.filter((message) => isChosen(message, this.#choice))
    const room = chosen.slice(0, this.#max - this.#printed)
    this.#printed += room.length
    if (room.length > 0) await this.#io.stdout.write(Buffer.concat(room.map(this.#format)))
    if (this.#printed >= this.#max) this.#enough.abort()
    return room.length === chosen.length && !this.#io.stdout.closed.aborted
  }

  end(): void {
    clearTimeout(this.#idle)
  }
}
