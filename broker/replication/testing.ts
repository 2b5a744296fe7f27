// For tests: Castle, as a broker calls it.
import type { Result } from '@castellan/protocol/heartbeat'
import type { Clock } from '@castellan/protocol/runtime'

/** What Castle says to a call; undefined: nothing, and the call ends with its time. */
export type Said = Omit<Result, 'type' | 'id'> | undefined

export function calledCastle<Args>(clock: Clock, say: (args: Args) => Said) {
  return {
    brokerEpoch: 41,
    call(_: string, args: Args, timeoutMs: number): Promise<Result> {
      const said = say(args)
      if (said !== undefined) return Promise.resolve({ type: 'result', id: 1, ...said })
      return new Promise((resolve) => {
        clock.after(timeoutMs, () => resolve({ type: 'result', id: 1, errorCode: 7 }))
      })
    },
  }
}
