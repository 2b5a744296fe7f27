// What the examples import instead of @castellan/sdk: the same, but that their clients are known and closed at the end, and that what they
// print is kept. Their log is silent: failures that an example shows are no news.
import {
  type Castellan,
  type ConnectKafkaOptions,
  type ConnectOptions,
  connectKafka as connectKafkaReally,
  connect as connectReally,
} from '@castellan/sdk'
import { silentLogger } from '@castellan/sdk/kafka'

export * from '@castellan/sdk'

const opened: Castellan[] = []
const printed = new Map<number, string[]>()

export async function connect(options: ConnectOptions): Promise<Castellan> {
  const castellan = await connectReally({ log: silentLogger, ...options })
  opened.push(castellan)
  return castellan
}

export async function connectKafka(options: ConnectKafkaOptions): Promise<Castellan> {
  const castellan = await connectKafkaReally({ log: silentLogger, ...options })
  opened.push(castellan)
  return castellan
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.map((castellan) => castellan.close({ timeoutMs: 2_000 })))
}

/** The lines that a program has printed so far. */
export function linesOf(index: number): string[] {
  const lines = printed.get(index) ?? []
  printed.set(index, lines)
  return lines
}

export function printer(index: number) {
  const log = (...words: unknown[]) => {
    linesOf(index).push(words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' '))
  }
  return { log, error: log }
}
