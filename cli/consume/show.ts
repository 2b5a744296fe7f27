// A message as it is printed: its value, or columns of it, or all of it as JSON.
import type { Message } from '@castellan/sdk'
import { UsageError } from '../errors.ts'
import type { Output } from '../io.ts'
import { harmless, paint, timeText } from '../output/index.ts'

export const columns = ['partition', 'offset', 'time', 'key', 'headers'] as const
export type Column = (typeof columns)[number]

/** `--show key,time` or `--show all`. Throws a UsageError. */
export function columnsOf(text: string | undefined): Column[] {
  if (text === undefined) return []
  if (text === 'all') return [...columns]
  return text.split(',').map((word) => {
    const column = columns.find((each) => each === word.trim())
    if (column !== undefined) return column
    throw new UsageError(`--show has '${word}', but must be all, or some of ${columns.join(', ')} with commas.`)
  })
}

/**
 * One line: the columns asked for and the value, with tabs between. In a pipe the value's bytes stand as they are; on a terminal
 * they are made harmless.
 */
export function lineOf(out: Output, message: Message, shown: readonly Column[]): Buffer {
  const before = shown.map((column) => `${paint(out, 'dim', harmless(cellOf(message, column)))}\t`).join('')
  const value = message.value ?? new Uint8Array(0)
  const text = out.isTerminal ? Buffer.from(harmless(Buffer.from(value).toString(), true)) : value
  return Buffer.concat([Buffer.from(before), text, Buffer.from('\n')])
}

function cellOf(message: Message, column: Column): string {
  if (column === 'partition') return String(message.partition)
  if (column === 'offset') return String(message.offset)
  if (column === 'time') return timeText(message.timestampMs) ?? '-'
  if (column === 'key') return message.keyText ?? '-'
  return (
    message.headers
      .map(({ key, value }) => `${key}=${value === null ? '' : Buffer.from(value).toString()}`)
      .join(',') || '-'
  )
}

/** All of it, in the shape that `produce --as json` reads. */
export function jsonOf(message: Message): object {
  const { topic, partition, offset, timestampMs, key, value } = message
  const timestamp = timeText(timestampMs)
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: jsonBytes(key),
    value: jsonBytes(value),
    headers: headersOf(message),
  }
}

function headersOf({ headers }: Message): object {
  const byName = Map.groupBy(headers, ({ key }) => key)
  return Object.fromEntries(
    [...byName].map(([name, all]) => {
      const values = all.map(({ value }) => jsonBytes(value))
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text, or {base64} for what is no UTF-8. */
function jsonBytes(bytes: Uint8Array | null): string | null | { base64: string } {
  if (bytes === null) return null
  try {
    return utf8.decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}
