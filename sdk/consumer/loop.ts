// The consumer's side of `for await`: starts it at the first message asked for, and closes it when the loop is left.
import type { Clock } from '@castellan/protocol/runtime'
import { Pull } from './pull.ts'

export interface LoopHooks {
  /** Starts to run for this loop. Resolves or rejects when the consumer has ended. */
  readonly start: (pull: Pull) => Promise<void>
  /** Whether the consumer runs for this loop. */
  readonly isMine: (pull: Pull) => boolean
  readonly close: () => Promise<void>
}

export async function* loop<M>(clock: Clock, { start, isMine, close }: LoopHooks): AsyncGenerator<M, void, void> {
  const pull = new Pull(clock)
  start(pull).then(
    () => pull.ended(null),
    (error) => pull.ended(error),
  )
  let isDone = true
  try {
    for (let handed = await pull.next(); handed !== null; handed = await pull.next()) {
      isDone = false
      yield handed.message as M
      isDone = true
      handed.done()
    }
  } finally {
    // A second loop was refused: the first goes on.
    if (isMine(pull)) {
      // First nothing may start any more; then what is in hand is let go.
      const closing = close()
      if (!isDone) pull.leaveCurrent()
      await closing
    }
  }
}
