// Where messages come from: standard input or files; each line is one, or a line of JSON describes one, or a whole file is one.
import { accessSync, constants, createReadStream, statSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import type { OutgoingMessage } from '@castellan/sdk'
import { CommandError, codeOf, UsageError } from '../errors.ts'
import { messageOfJson } from './json-line.ts'
import { lines } from './lines.ts'

export const shapes = ['lines', 'json', 'whole'] as const
export type Shape = (typeof shapes)[number]

type Content = Pick<OutgoingMessage, 'key' | 'value' | 'headers' | 'partition' | 'timestampMs'>

/** One message, or why what stands there is none. */
export interface Item {
  /** Such as `line 3` or `orders.txt line 3`. */
  readonly where: string
  readonly bytes: number
  readonly content: Content | { readonly problem: string }
}

export interface Source {
  /** Bytes altogether; undefined: nobody knows before the end. */
  readonly bytes: number | undefined
  readonly readsStdin: boolean
  /** Ends early when `stopped` aborts. Throws a CommandError for what can no longer be read. */
  items(stopped: AbortSignal): AsyncGenerator<Item>
}

/** The largest request that brokers take by default; a message cannot be longer. */
const messageBytesMax = 100 * 2 ** 20

export interface SourceOptions {
  readonly shape: Shape
  /** Paths; `-` is standard input, and so is none. */
  readonly files: readonly string[]
  /** Between key and value, of lines. */
  readonly separator: string | undefined
  readonly stdin: Readable
}

/** Throws a UsageError for a file that cannot be read, before anything is sent. */
export function sourceOf({ shape, files, separator, stdin }: SourceOptions): Source {
  const inputs = (files.length === 0 ? ['-'] : files).map((file) => ({ file, bytes: sizeOf(file) }))
  const sizes = inputs.map(({ bytes }) => bytes)
  return {
    bytes: sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    readsStdin: inputs.some(({ file }) => file === '-'),
    async *items(stopped) {
      try {
        for (const { file } of inputs) {
          if (stopped.aborted) return
          const stream = chunksOf(file, file === '-' ? stdin : createReadStream(file), stopped)
          if (shape === 'whole') yield await wholeItem(file, stream)
          else yield* lineItems(file, stream, shape === 'json' ? jsonLine : (line) => plainLine(line, separator))
        }
      } catch (error) {
        if (codeOf(error) !== 'ABORT_ERR' || !stopped.aborted) throw error
      }
    },
  }
}

/** What was read of a line or file when `stopped` aborts is half a message: the abort is thrown, lest that half be sent. */
async function* chunksOf(file: string, stream: Readable, stopped: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(stopped, stream)
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined || code === 'ABORT_ERR') throw error
    const name = file === '-' ? 'standard input' : file
    throw new CommandError(`Cannot read ${name} any further (${code}).`, { cause: error })
  }
}

/** Throws a UsageError for what is there not. */
function sizeOf(file: string): number | undefined {
  if (file === '-') return undefined
  try {
    accessSync(file, constants.R_OK)
    const stats = statSync(file)
    if (stats.isDirectory()) throw new UsageError(`${file} is a folder: name files.`)
    return stats.isFile() ? stats.size : undefined
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    throw new UsageError(`Cannot read ${file} (${codeOf(error)}): correct the name.`)
  }
}

async function* lineItems(
  file: string,
  stream: AsyncIterable<Uint8Array>,
  read: (line: Buffer) => Content,
): AsyncGenerator<Item> {
  const prefix = file === '-' ? '' : `${file} `
  let number = 0
  for await (const line of lines(stream, messageBytesMax)) {
    number++
    yield { where: `${prefix}line ${number}`, bytes: line.length + 1, content: contentOf(() => read(line)) }
  }
}

/** What is wrong with a line is told of that line; the others go on. */
function contentOf(read: () => Content): Item['content'] {
  try {
    return read()
  } catch (error) {
    if (error instanceof UsageError) return { problem: error.message }
    throw error
  }
}

function jsonLine(line: Buffer): Content {
  return messageOfJson(line)
}

function plainLine(line: Buffer, separator: string | undefined): Content {
  if (separator === undefined) return { value: line }
  const at = line.indexOf(separator)
  if (at === -1) throw new UsageError(`it has no '${separator}' between key and value`)
  return { key: line.subarray(0, at), value: line.subarray(at + Buffer.byteLength(separator)) }
}

async function wholeItem(file: string, stream: AsyncIterable<Uint8Array>): Promise<Item> {
  const where = file === '-' ? 'standard input' : file
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    const problem = `it is longer than ${messageBytesMax} bytes, which is more than any broker takes`
    if (bytes > messageBytesMax) return { where, bytes, content: { problem } }
    chunks.push(chunk)
  }
  return { where, bytes, content: { value: Buffer.concat(chunks) } }
}
