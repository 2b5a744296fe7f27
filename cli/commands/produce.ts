// `castellan produce`: lines, lines of JSON, or files as messages of a topic, in order, through the SDK.
import type { OutgoingMessage } from '@castellan/sdk'
import { apiOf, castleOption, clusterOption } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { type Outcome, sentenceOf, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { counted, jsonOption, say } from '../output/index.ts'
import { Progress } from '../produce/progress.ts'
import { Sending, type Settled } from '../produce/sending.ts'
import { type Source, shapes, sourceOf } from '../produce/sources.ts'
import { connectSdk } from '../sdk.ts'

/** Failures that are told one by one. */
const toldMax = 20

export const produce: Command = {
  name: 'produce',
  summary: 'Sends lines, lines of JSON, or whole files as messages, in order, and says what became of them.',
  args: [
    { name: 'TOPIC', doc: 'The topic.', named: 'topics' },
    { name: 'FILE', doc: 'What to send; - or none: standard input.', optional: true, multiple: true, file: true },
  ],
  options: [
    {
      name: 'as',
      value: 'SHAPE',
      doc: 'What a message is: a line of text (lines), a line of JSON (json), a whole file (whole).',
      values: shapes,
      default: 'lines',
    },
    { name: 'key', value: 'KEY', doc: 'The key of all messages that have none.', mayBeEmpty: true },
    { name: 'separator', value: 'TEXT', doc: 'Each line of text is key, TEXT, value.' },
    { name: 'partition', value: 'N', doc: "The partition, instead of the key's." },
    { name: 'header', value: 'NAME=VALUE', doc: 'A header of all messages; may be repeated.', multiple: true },
    clusterOption,
    castleOption,
    { ...jsonOption, doc: 'Print where each message stands, or why it was not sent, as a line of JSON.' },
  ],
  examples: [
    { words: 'produce orders', input: 'one\ntwo\n', doc: 'each line is a message' },
    { words: 'produce orders --separator : --header from=shop', input: 'o-1:paid\no-2:sent\n', doc: 'with keys' },
    {
      words: 'produce orders --as json',
      input: '{"key":"o-3","value":{"id":3},"headers":{"trace":"abc"}}\n',
      doc: 'with all that a message can have',
    },
    { words: 'produce orders LICENSE --as whole --key license', doc: 'a file as one message' },
  ],
  more: [
    'A line of JSON is {"key","value","headers","partition","timestamp"}, each of them optional, and what `consume --json` prints.',
    'Key, value and headers are texts, null, or {"base64":"..."}; any other JSON as the value is sent as its JSON text.',
    'A line that is wrong, or a message that cannot be sent, is told on standard error by its number; the others are sent, and',
    'the exit code is 1. Ctrl-C ends the reading; what was read is still sent and summed up, and a second Ctrl-C does not wait for that.',
  ].join('\n'),
  run,
}

async function run(input: Input, io: Io): Promise<Outcome> {
  const common = commonOf(input)
  const separator = input.text('separator')
  const shape = input.oneOf('as', shapes) ?? 'lines'
  if (separator !== undefined && shape !== 'lines') throw new UsageError(`--separator is for --as lines, not ${shape}.`)
  const source = sourceOf({ shape, files: input.args.slice(1), separator, stdin: io.stdin })
  // Better one sentence now than one for each message later.
  await apiOf(input).get(`/api/topics/${encodeURIComponent(common.topic)}`, { cluster: input.text('cluster') })
  const castellan = await connectSdk(input, io)
  try {
    const stopped = io.stopped()
    const total = new Account(input, io, source, common.topic)
    const sending = new Sending(castellan.producer(), (settled) => total.settled(settled))
    for await (const { where, bytes, content } of source.items(stopped)) {
      if ('problem' in content) await total.failed(where, bytes, content.problem)
      else await sending.send(where, bytes, withCommon(content, common))
    }
    if (stopped.aborted && sending.underway > 0) await total.stopping(sending.underway)
    await sending.finish()
    return await total.end(stopped.aborted)
  } finally {
    await castellan.close()
  }
}

type Common = Pick<OutgoingMessage, 'topic' | 'key' | 'partition'> & { readonly headers: Record<string, string[]> }

function commonOf(input: Input): Common {
  if (input.isSet('key') && input.isSet('separator')) {
    throw new UsageError('--key and --separator both say what the key is: give one of them.')
  }
  const partition = input.integer('partition', 0, 1_000_000)
  return {
    topic: input.arg(0),
    key: input.text('key') ?? null,
    headers: headersOf(input),
    ...(partition === undefined ? {} : { partition }),
  }
}

function withCommon(content: Omit<OutgoingMessage, 'topic'>, common: Common): OutgoingMessage {
  return {
    ...common,
    ...content,
    key: content.key ?? common.key ?? null,
    headers: { ...common.headers, ...content.headers },
  }
}

function headersOf(input: Input): Record<string, string[]> {
  const pairs = input.all('header').map((text) => {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`--header is '${text}', but must be NAME=VALUE.`)
    return { name: text.slice(0, at), value: text.slice(at + 1) }
  })
  const byName = Map.groupBy(pairs, ({ name }) => name)
  return Object.fromEntries([...byName].map(([name, all]) => [name, all.map(({ value }) => value)]))
}

/** What became of all messages, told as it comes and summed up at the end. */
class Account {
  readonly #io: Io
  readonly #topic: string
  readonly #isJson: boolean
  /** A person types the messages: Ctrl-C is their end, and nothing else is written where they type. */
  readonly #isTyped: boolean
  readonly #progress: Progress
  #sent = 0
  #failed = 0
  #bytes = 0

  constructor(input: Input, io: Io, source: Source, topic: string) {
    this.#io = io
    this.#topic = topic
    this.#isJson = input.isSet('json')
    this.#isTyped = source.readsStdin && io.canAsk
    this.#progress = new Progress(this.#isTyped ? undefined : io.stderr, source.bytes, () => ({
      sent: this.#sent,
      failed: this.#failed,
      bytes: this.#bytes,
    }))
  }

  async settled(settled: Settled): Promise<void> {
    if ('error' in settled) return await this.failed(settled.where, settled.bytes, sentenceOf(settled.error))
    this.#sent++
    this.#bytes += settled.bytes
    if (this.#isJson) await this.#json({ topic: this.#topic, ...settled.sent })
  }

  async failed(where: string, bytes: number, why: string): Promise<void> {
    this.#failed++
    this.#bytes += bytes
    if (this.#isJson) await this.#json({ topic: this.#topic, where, error: why })
    if (this.#failed > toldMax) return
    await this.#progress.clear()
    await say(this.#io, `${where} was not sent: ${why}`)
    if (this.#failed === toldMax) await say(this.#io, 'further ones are only counted')
  }

  async stopping(underway: number): Promise<void> {
    await this.#progress.clear()
    await say(this.#io, `stopping: ${counted(underway, 'message')} under way; Ctrl-C again does not wait for them`)
  }

  async end(wasStopped: boolean): Promise<Outcome> {
    await this.#progress.end()
    const isEarly = wasStopped && !this.#isTyped
    const failures = this.#failed === 0 ? '' : `, ${this.#failed} not sent`
    const early = isEarly ? ', stopped before the end' : ''
    if (!this.#isJson)
      await this.#io.stdout.write(`${counted(this.#sent, 'message')} sent to ${this.#topic}${failures}${early}.\n`)
    return this.#failed === 0 && !isEarly ? 'done' : 'failed'
  }

  async #json(value: object): Promise<void> {
    await this.#io.stdout.write(`${JSON.stringify(value)}\n`)
  }
}
