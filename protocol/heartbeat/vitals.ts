// How a broker does: told every other second, for people only. No decision hangs on it, nothing is answered, and none is missed: it stands
// beside the heartbeat, so that a broker can be seen while it recovers its logs and may not register yet.
import type { Static } from 'typebox'
import { Type } from '../json-schema/index.ts'
import { count, name } from './fields.ts'

const ms = Type.Number({ minimum: 0 })

/** A Castle of an earlier release skips it. */
export const brokerVitals = Type.Object({
  type: Type.Literal('vitals'),
  /** The broker's. */
  id: name,
  incarnation: name,
  /** When its process started, on its own wall clock, since 1970. */
  startedMs: Type.Optional(count),
  /** The longest time that its event loop was held, within the last minute. */
  loopHeldMs: Type.Optional(ms),
  /** Of all its logs; absent while it recovers them. */
  logBytes: Type.Optional(count),
  /** How it writes to them. Absent while it recovers them. */
  writes: Type.Optional(
    Type.Object({
      /** `async`: off the event loop, for the disk makes its writers wait. */
      path: Type.Enum(['sync', 'async']),
      /** The longest within the last minute. */
      longestMs: ms,
      /** Since the broker's start: slow ones, and how often they drove the writes from the loop. */
      slow: count,
      leftLoop: count,
    }),
  ),
  /** How its last process ended; `first`: there was none. `lost`: the machine ran anew since, so what was not synced may be gone (R8). */
  lastStop: Type.Optional(Type.Enum(['clean', 'killed', 'lost', 'first'])),
  /** It is recovering its logs, and is not up yet. */
  recovery: Type.Optional(
    Type.Object({
      logs: count,
      /** Of the logs: open by now. */
      opened: count,
      /** Of the logs opened so far: what has to be read, for it may be torn, and what was. */
      bytesToCheck: count,
      bytesChecked: count,
    }),
  ),
})
export type BrokerVitals = Static<typeof brokerVitals>
/** As its owner tells them; who it is the sender adds. */
export type OwnVitals = Omit<BrokerVitals, 'type' | 'id' | 'incarnation'>

/** So often they are told, at most. */
export const vitalsEveryMs = 2_000
