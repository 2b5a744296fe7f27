// `consume --group`: a member of a group like any other, which prints. What was printed is committed, and nothing else.
import type { Message } from '@castellan/sdk'
import type { Input } from '../command.ts'
import type { Io } from '../io.ts'
import { connectSdk } from '../sdk.ts'

export interface GroupOptions {
  readonly topic: string
  readonly group: string
  /** Where nothing is committed. */
  readonly start: 'earliest' | 'latest'
  /** False: it was not printed. */
  take(messages: readonly Message[]): Promise<boolean>
}

/** Resolves when `ended` aborts or a person stops it: with everything that was printed committed, and the group left. */
export async function readInGroup(input: Input, io: Io, options: GroupOptions, ended: AbortSignal): Promise<void> {
  const { topic, group, start, take } = options
  const castellan = await connectSdk(input, io)
  const signal = AbortSignal.any([ended, io.stopped()])
  const consumer = castellan.consumer({ group, topics: [topic], start })
  // Ends the loop once the message in hand is printed and done; close() itself never rejects.
  const close = () => void consumer.close()
  signal.addEventListener('abort', close)
  if (signal.aborted) close()
  try {
    // A loop that is left leaves its message not done.
    for await (const message of consumer) if (signal.aborted || !(await take([message]))) break
  } finally {
    signal.removeEventListener('abort', close)
    await castellan.close()
  }
}
