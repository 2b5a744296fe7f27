// Clusters and their brokers, as the API answers them: the types of the views, and OpenAPI, come from these.
import { Type } from '@castellan/protocol/json-schema'
import type { Static } from 'typebox'
import { count, nullable, text, time } from './fields.ts'

export const clusterView = Type.Object({
  id: text,
  kind: Type.Enum(['castellan', 'kafka']),
  environment: text,
  flags: Type.Record(Type.String(), Type.Boolean()),
  brokers: count,
  brokersUp: count,
  topics: count,
  clients: count,
})
export type ClusterView = Static<typeof clusterView>

const recoveryView = Type.Object({
  logs: count,
  /** Of the logs: open by now. */
  opened: count,
  /** Of the logs opened so far: what has to be read, and what was. */
  bytesToCheck: count,
  bytesChecked: count,
})

const vitalsView = Type.Object({
  at: time,
  /** The longest within the last minute: nothing is answered meanwhile. */
  loopHeldMs: Type.Number({ minimum: 0 }),
  /** Of all its logs. */
  logBytes: count,
  /** `async`: its disk makes writers wait, so that it writes off its event loop. */
  writePath: Type.Enum(['sync', 'async']),
  /** The longest within the last minute. */
  longestWriteMs: Type.Number({ minimum: 0 }),
  /** Since its start. */
  slowWrites: count,
  leftLoop: count,
  /** How its process before this one ended. `lost`: with the machine, so that what was not synced may be gone. */
  lastStop: Type.Enum(['clean', 'killed', 'lost', 'first']),
})

export const brokerView = Type.Object({
  id: count,
  cluster: text,
  host: text,
  port: count,
  metricsPort: count,
  rack: nullable(text),
  pid: count,
  release: text,
  state: Type.Enum(['up', 'down']),
  /** Why it is in this state, and since when. */
  why: text,
  since: time,
  brokerEpoch: count,
  stopping: Type.Boolean(),
  lastHeard: nullable(time),
  leaders: count,
  replicas: count,
  /** Logs that are out of use. */
  faults: Type.Array(Type.Object({ topicId: text, topic: nullable(text), partition: count, fault: text })),
  /** Logs of topics that Castle does not know: never deleted. */
  strays: Type.Array(Type.Object({ topicId: text, partition: count })),
  /** Subjects of which it holds another version than it should. */
  behind: Type.Array(text),
  /** When its process started, by its own word and clock. Null: as for `vitals`. */
  startedAt: nullable(time),
  /** It is starting, and recovers its logs before it registers: how far it is. Null: it does not. */
  recovery: nullable(recoveryView),
  /** How it does, by its own word of the last seconds. Null: it is down, or of a release that does not tell. */
  vitals: nullable(vitalsView),
})
export type BrokerView = Static<typeof brokerView>
