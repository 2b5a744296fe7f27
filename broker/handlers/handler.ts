// The shape of an API's handler: one file per API (`NN-name.ts`), one `handler(...)` in it, one line in index.ts.
//
//   frame -> header -> handlers by key -> request decoded by the API's table -> handle() -> response encoded -> frame
//
// A handler is a function from a request to its answer. Expected outcomes are answers with Kafka's error codes;
// whatever it throws is a bug, and closes the connection with a log line. Answers leave in the order in which the
// requests came, so a handler may take its time (a long poll, an append) without minding the others.
import type { Api, RequestOf, ResponseInput, Slab } from '@castellan/protocol'
import type { Address, Logger, Runtime } from '@castellan/protocol/runtime'
import type { CastleLink } from '../castle/link.ts'
import type { Metadata } from '../castle/metadata.ts'
import type { ProducerIds } from '../castle/producer-ids.ts'
import type { Remembered } from '../castle/remembered.ts'
import type { BrokerConfig } from '../config.ts'
import type { Coordinator } from '../groups/index.ts'
import type { Counters } from '../metrics/counters.ts'
import type { Partitions } from '../partition/index.ts'
import type { Fetchers } from '../replication/fetchers.ts'
import type { ResponseMemory, ResponseRoom } from '../server/response-memory.ts'
import type { Deadlines } from './deadlines.ts'
import type { FetchSessions } from './fetch/sessions.ts'

/** What handlers work on: the parts of this broker. */
export interface BrokerParts {
  readonly runtime: Runtime
  readonly config: BrokerConfig
  /** Where clients reach this broker. */
  readonly address: Address
  readonly log: Logger
  readonly metadata: Metadata
  readonly remembered: Pick<Remembered, 'isAwaited'>
  readonly partitions: Partitions
  readonly coordinator: Coordinator
  readonly castle: CastleLink
  readonly producerIds: ProducerIds
  readonly deadlines: Deadlines
  readonly fetchSessions: FetchSessions
  readonly fetchers: Pick<Fetchers, 'leadersInDoubt' | 'gone'>
  readonly responseMemory: ResponseMemory
  readonly counters: Counters
}

/** One request, while it is being answered. */
export interface RequestContext {
  readonly broker: BrokerParts
  readonly apiVersion: number
  readonly clientId: string | null
  /** The client as host:port, for logs. */
  readonly peer: string
  /**
   * The client was there for certain, on this broker's monotonic clock: it was given the answer before; -Infinity: it had none. The request
   * itself may have been on its way, or in the buffers of a process that stood still, for any time.
   */
  readonly clientSeenMs: number
  /** Holds the request's bytes fields. It lives until the answer is given; whoever needs them longer retains it. */
  readonly slab: Slab
  /** The memory of what the answer is read into from files; given back when the answer has left or never will. */
  readonly room: ResponseRoom
  /** Runs `task` once, when the answer has left or never will: to release what the answer refers to. */
  afterSent(task: () => void): void
  /**
   * Runs `task` when the answer shall be given at once, to end a wait: the connection breaks, this broker stops, or an answer
   * behind it holds memory. At once when that was before.
   */
  onAbandoned(task: () => void): void
  /** Runs `task` when another request of this connection comes after this one. */
  onRequestBehind(task: () => void): void
  /** Closes the connection, without an answer to this request. */
  closeConnection(reason: string): void
}

/** Null: no answer (Produce with acks=0). */
export type Answer<A extends Api = Api> = ResponseInput<A> | null

/** One API's entry in the list of index.ts. */
export interface Handler {
  readonly api: Api
  handle(request: unknown, context: RequestContext): Answer | Promise<Answer>
}

/**
 * Makes a handler of `handle`, typed by the API's table.
 *
 *     export const findCoordinator = handler(api, (request, { broker }) => ({ coordinators: [...] }))
 */
export function handler<A extends Api>(
  api: A,
  handle: (request: RequestOf<A>, context: RequestContext) => Answer<A> | Promise<Answer<A>>,
): Handler {
  // The server decodes by `api` before it calls, so the request has this type.
  return { api, handle: handle as Handler['handle'] }
}
