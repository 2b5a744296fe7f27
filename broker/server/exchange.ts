// One request and its answer, on their way through a connection. Exchanges of a connection form a list in the order in
// which the requests came: that is the order in which answers leave.
import type { RequestHeader, RequestSlab } from '@castellan/protocol'
import type { BrokerParts, RequestContext } from '../handlers/handler.ts'
import type { ResponseRoom } from './response-memory.ts'

export class Exchange implements RequestContext {
  readonly broker: BrokerParts
  readonly peer: string
  readonly slab: RequestSlab
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Bytes of the request's frame. */
  readonly requestBytes: number
  readonly startedMs: number
  readonly clientSeenMs: number
  /** Undefined: not answered yet. Null: answered with nothing to send. */
  chunks: Uint8Array[] | null | undefined = undefined
  responseBytes = 0
  /** Set by closeConnection: why, instead of an answer. */
  closeReason: string | null = null
  next: Exchange | null = null
  #sentTasks: (() => void)[] | null = null
  #abandonedTasks: (() => void)[] | null = null
  #behindTasks: (() => void)[] | null = null
  #isAbandoned = false
  #room: ResponseRoom | null = null

  constructor(
    broker: BrokerParts,
    peer: string,
    slab: RequestSlab,
    requestBytes: number,
    header: RequestHeader,
    startedMs: number,
    clientSeenMs: number,
  ) {
    this.broker = broker
    this.peer = peer
    this.slab = slab
    this.requestBytes = requestBytes
    this.apiKey = header.apiKey
    this.apiVersion = header.apiVersion
    this.correlationId = header.correlationId
    this.clientId = header.clientId
    this.startedMs = startedMs
    this.clientSeenMs = clientSeenMs
  }

  get room(): ResponseRoom {
    this.#room ??= this.broker.responseMemory.room()
    return this.#room
  }

  /** It holds memory that other fetches may wait for. */
  get holdsRoom(): boolean {
    return this.#room !== null && this.#room.bytes > 0
  }

  afterSent(task: () => void): void {
    this.#sentTasks ??= []
    this.#sentTasks.push(task)
  }

  onAbandoned(task: () => void): void {
    if (this.#isAbandoned) return task()
    this.#abandonedTasks ??= []
    this.#abandonedTasks.push(task)
  }

  onRequestBehind(task: () => void): void {
    if (this.next !== null) return task()
    this.#behindTasks ??= []
    this.#behindTasks.push(task)
  }

  /** Another request came after this one. */
  noteRequestBehind(): void {
    const tasks = this.#behindTasks
    this.#behindTasks = null
    if (tasks) for (const task of tasks) task()
  }

  closeConnection(reason: string): void {
    this.closeReason ??= reason
  }

  get hasSentTasks(): boolean {
    return this.#sentTasks !== null || this.#room !== null
  }

  /** The answer has left, or never will. */
  sent(): void {
    const tasks = this.#sentTasks
    this.#sentTasks = null
    if (tasks) for (const task of tasks) task()
    this.#room?.giveBack()
  }

  /** The answer is to be given at once, or nobody will wait for it any longer. */
  abandon(): void {
    this.#isAbandoned = true
    const tasks = this.#abandonedTasks
    this.#abandonedTasks = null
    if (tasks) for (const task of tasks) task()
  }
}
