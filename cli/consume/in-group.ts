// `consume --group`: a member of a group like any other, whose handler prints. What was printed is committed, and nothing else.
import { CastellanError, type Consumer, type Message } from '@castellan/sdk'
import type { Input } from '../command.ts'
import { sentenceOf } from '../errors.ts'
import type { Io } from '../io.ts'
import { say } from '../output/index.ts'
import { connectSdk } from '../sdk.ts'

export interface GroupOptions {
  readonly topic: string
  readonly group: string
  /** Where nothing is committed. */
  readonly start: 'earliest' | 'latest'
  /** False: it was not printed. */
  take(messages: readonly Message[]): Promise<boolean>
}

/** Resolves when `signal` aborts: with everything that was printed committed, and the group left. */
export async function readInGroup(input: Input, io: Io, options: GroupOptions, signal: AbortSignal): Promise<void> {
  const { topic, group, start, take } = options
  /** By partition, the next offset. */
  const printed = new Map<number, number>()
  const castellan = await connectSdk(input, io)
  try {
    const consumer = castellan.consumer({ group, topics: [topic], start })
    const running = consumer.run(async (message) => {
      // A handler that ends is a message that is done: one that was not printed goes on until the consumer is closed.
      if (signal.aborted || !(await take([message]))) return await new Promise<never>(() => {})
      printed.set(message.partition, message.offset + 1)
    })
    await Promise.race([running, untilAborted(signal)])
    await commit(io, consumer, topic, printed)
  } finally {
    await castellan.close({ timeoutMs: 0 })
  }
}

/** The last handlers may not have returned yet, so it is said which messages are done. */
async function commit(io: Io, consumer: Consumer, topic: string, printed: ReadonlyMap<number, number>): Promise<void> {
  const held = new Set(consumer.assignment.map(({ partition }) => partition))
  const offsets = [...printed].filter(([partition]) => held.has(partition))
  try {
    await consumer.commit(offsets.map(([partition, offset]) => ({ topic, partition, offset })))
  } catch (error) {
    if (!(error instanceof CastellanError)) throw error
    await say(io, `not all that was printed is committed, and comes again: ${sentenceOf(error)}`)
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
}
