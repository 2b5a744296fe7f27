// `castellan produce`: the lines of standard input as messages of a topic, in order, through the SDK.
import { createInterface } from 'node:readline'
import { connect, type Sent } from '@castellan/sdk'
import { castleOption, connectTimeoutMs } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { UsageError } from '../errors.ts'
import { jsonOption } from '../output.ts'

/** Messages whose acknowledgement is awaited at a time: reading waits beyond that. */
const inFlightMax = 10_000

export const produce: Command = {
  name: 'produce',
  summary: 'Sends each line of standard input as a message, in order, and says where they stand.',
  args: [{ name: 'TOPIC', doc: 'The topic.' }],
  options: [
    { name: 'key', value: 'KEY', doc: 'The key of all messages.', mayBeEmpty: true },
    { name: 'separator', value: 'TEXT', doc: 'Each line is key, TEXT, value.' },
    { name: 'partition', value: 'N', doc: "The partition, instead of the key's." },
    { name: 'header', value: 'NAME=VALUE', doc: 'A header of all messages; may be repeated.', multiple: true },
    castleOption,
    { ...jsonOption, doc: 'Print {"topic","partition","offset"} for each message.' },
  ],
  run,
}

async function run(input: Input): Promise<void> {
  if (input.isSet('key') && input.isSet('separator')) {
    throw new UsageError('--key and --separator both say what the key is: give one of them.')
  }
  const topic = input.args[0] ?? ''
  const headers = headersOf(input)
  const partition = input.integer('partition', 0, 1_000_000)
  const common = { topic, headers, ...(partition === undefined ? {} : { partition }) }
  const castellan = await connect({ castle: input.text('castle') ?? '', service: 'castellan-cli', connectTimeoutMs })
  try {
    const producer = castellan.producer()
    const sending: Promise<Sent>[] = []
    let acknowledged = 0
    const settleOne = async () => {
      const where = await sending.shift()
      acknowledged++
      if (input.isSet('json')) console.log(JSON.stringify({ topic, ...where }))
    }
    for await (const line of createInterface({ input: process.stdin })) {
      if (sending.length >= inFlightMax) await settleOne()
      const sent = producer.send({ ...common, ...keyAndValue(input, line) })
      sent.catch(() => {}) // it is awaited in its turn, perhaps long after it failed
      sending.push(sent)
    }
    while (sending.length > 0) await settleOne()
    if (!input.isSet('json')) console.log(`${acknowledged} messages sent to ${topic}.`)
  } finally {
    await castellan.close()
  }
}

function keyAndValue(input: Input, line: string): { key: string | null; value: string } {
  const separator = input.text('separator')
  if (separator === undefined) return { key: input.text('key') ?? null, value: line }
  const at = line.indexOf(separator)
  if (at === -1) throw new UsageError(`The line '${line}' has no '${separator}' between key and value.`)
  return { key: line.slice(0, at), value: line.slice(at + separator.length) }
}

function headersOf(input: Input): Record<string, string[]> {
  const headers: Record<string, string[]> = {}
  for (const text of input.all('header')) {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`--header is '${text}', but must be NAME=VALUE.`)
    const name = text.slice(0, at)
    headers[name] = [...(headers[name] ?? []), text.slice(at + 1)]
  }
  return headers
}
