// `castellan consume`: the messages of a topic, through the SDK, until Ctrl-C or as many as asked for.
import { connect, type Message } from '@castellan/sdk'
import { castleOption, connectTimeoutMs } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { jsonOption } from '../output.ts'

export const consume: Command = {
  name: 'consume',
  summary: 'Prints the messages of a topic as they come, until Ctrl-C.',
  args: [{ name: 'TOPIC', doc: 'The topic.' }],
  options: [
    {
      name: 'group',
      value: 'NAME',
      doc: 'Read as a member of this group and commit what was printed. [a group of its own, nothing committed]',
    },
    { name: 'from', value: 'WHERE', doc: 'Without a committed offset: earliest or latest.', default: 'latest' },
    { name: 'max', value: 'N', doc: 'Stop after so many messages.' },
    { name: 'idle-ms', value: 'MS', doc: 'Stop when nothing came for so long.' },
    castleOption,
    { ...jsonOption, doc: 'Print each message whole, as one line of JSON, instead of its value.' },
  ],
  run,
}

async function run(input: Input): Promise<void> {
  const topic = input.args[0] ?? ''
  const start = input.oneOf('from', ['earliest', 'latest']) ?? 'latest'
  const max = input.integer('max', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY
  const idleMs = input.integer('idle-ms', 1, 2_147_483_647)
  const named = input.text('group')
  const group = named ?? `castellan-cli-${process.pid}-${Date.now().toString(36)}`
  const castellan = await connect({ castle: input.text('castle') ?? '', service: 'castellan-cli', connectTimeoutMs })
  const { promise: enough, resolve: stop } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop())
  const idle = idleMs === undefined ? undefined : setTimeout(stop, idleMs)
  try {
    let printed = 0
    // A commit would keep the name of a group that nobody comes back to.
    const consumer = castellan.consumer({ group, topics: [topic], start, autoCommit: named !== undefined })
    const running = consumer.run(async (message) => {
      if (printed >= max) return await never(message)
      console.log(input.isSet('json') ? JSON.stringify(plain(message)) : (message.text ?? ''))
      idle?.refresh()
      if (++printed === max) stop()
    })
    await Promise.race([enough, running])
  } finally {
    clearTimeout(idle)
    await castellan.close()
  }
}

/** What was not printed must not be committed: its handler does not end before the consumer is closed. */
function never(_: Message): Promise<never> {
  return new Promise(() => {})
}

function plain(message: Message): object {
  const { topic, partition, offset, timestampMs, keyText, text } = message
  const headers = message.headers.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()])
  return { topic, partition, offset, timestampMs, key: keyText, value: text, headers: Object.fromEntries(headers) }
}
