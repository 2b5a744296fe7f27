// One connection to a broker: requests go out pipelined, answers come back by correlation id, each in a version that both
// sides know. It never repeats anything: when it breaks, everything under way on it fails, and callers decide.
//
// Clients and followers use the same. They differ in who owns the records of a fetch answer: an application may keep them for
// ever, so they are copied to memory of their own; a follower is lent them where the network wrote them.
import { errors } from '../errors.ts'
import { Fifo } from '../fifo.ts'
import {
  decodeResponseHeader,
  encodeRequest,
  type Frame,
  FrameReader,
  type Slab,
  type SlabPool,
} from '../frames/index.ts'
import { apiVersions, fetch } from '../messages/index.ts'
import type { Address, Connection, Logger, Runtime, Timer } from '../runtime/index.ts'
import { type Api, Reader, type RequestInput, type ResponseOf } from '../schema/index.ts'
import { ClientError, textOf } from './errors.ts'
import { chooseVersion, type VersionLimits, type VersionRanges } from './versions.ts'

export interface ConnectionOptions {
  readonly clientId: string
  /** Who this side is, as ApiVersions tells the broker. */
  readonly software: { readonly name: string; readonly version: string }
  readonly connectTimeoutMs: number
  /** The longest answer that is taken. */
  readonly frameBytesMax: number
  /** Requests without an answer; more are refused with BUSY. */
  readonly inFlightMax: number
}

export interface SendOptions extends VersionLimits {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** The broker will not answer (Produce at Ack 0): done when the request has left. The result is undefined then. */
  readonly unanswered?: boolean
}

/** An answer whose byte fields stand where the network wrote them, in `slab`, until that is released. */
export interface Lent<T> {
  readonly answer: T
  /** The receiver's to release, once. */
  readonly slab: Slab
}

interface Waiting {
  readonly correlationId: number
  readonly api: Api
  readonly version: number
  /** Takes the answer, whose byte fields are the slab's. */
  readonly resolve: (answer: unknown, slab: Slab) => void
  readonly reject: (error: Error) => void
}

export class KafkaConnection {
  readonly address: Address
  /** Called once, when it is of no use any more. */
  onClose: () => void = () => {}
  readonly #runtime: Runtime
  readonly #options: ConnectionOptions
  readonly #log: Logger
  readonly #wire: Connection
  /** Requests without an answer, in the order sent: answers come in the same. */
  readonly #waiting = new Fifo<Waiting>()
  #correlationId = 0
  #ranges: VersionRanges = new Map()
  #closed: ClientError | null = null

  /** Connects and asks for the broker's versions. Throws CONNECT_FAILED; after that like `request`. */
  static async open(runtime: Runtime, address: Address, pool: SlabPool, options: ConnectionOptions, log: Logger) {
    const { connectTimeoutMs } = options
    let wire: Connection
    try {
      wire = await runtime.network.connect(address, { timeoutMs: connectTimeoutMs })
    } catch (error) {
      const peer = `${address.host}:${address.port}`
      throw new ClientError('CONNECT_FAILED', `cannot connect to ${peer}: ${textOf(error)}`, { cause: error })
    }
    const connection = new KafkaConnection(runtime, address, wire, pool, options, log)
    try {
      await connection.#negotiate()
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  }

  private constructor(
    runtime: Runtime,
    address: Address,
    wire: Connection,
    pool: SlabPool,
    options: ConnectionOptions,
    log: Logger,
  ) {
    this.address = address
    this.#runtime = runtime
    this.#wire = wire
    this.#options = options
    this.#log = log
    const frames = new FrameReader(pool, {
      maxFrameBytes: options.frameBytesMax,
      onFrame: (frame) => this.#onFrame(frame),
      onError: (error) => this.#broken(error),
    })
    wire.start({
      readBuffer: () => frames.readBuffer(),
      onRead: (length) => frames.onRead(length),
      // Who sends much waits for answers, so what `write` buffers is bounded by the requests in flight.
      onDrain: () => {},
      onClose: (error) => {
        frames.close()
        this.#end(new ClientError('CONNECTION_LOST', `${wire.peer} closed the connection`, { cause: error }))
      },
    })
  }

  get closed(): boolean {
    return this.#closed !== null
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#waiting.length
  }

  /** The version that a request would go out in. Throws VERSION_UNSUPPORTED. */
  version(api: Api, limits: VersionLimits = {}): number {
    return chooseVersion(api, this.#ranges, limits)
  }

  /**
   * Sends a request and resolves with its answer. Error codes inside the answer are the caller's to read.
   * Throws VERSION_UNSUPPORTED, BUSY, CONNECTION_LOST, REQUEST_TIMEOUT (which ends the connection, since answers come in
   * order), PROTOCOL_BROKEN, or the reason of `signal`; after an abort the broker may still do what was asked.
   */
  request<A extends Api>(api: A, body: RequestInput<A>, options: SendOptions): Promise<ResponseOf<A>> {
    return this.#send(api, this.version(api, options), body, options) as Promise<ResponseOf<A>>
  }

  /**
   * As `request`, but the answer's byte fields are not copied: the receiver gets the slab that they stand in, retained, and releases it
   * once. It cannot be aborted: nobody would release the slab.
   */
  borrow<A extends Api>(
    api: A,
    body: RequestInput<A>,
    options: Omit<SendOptions, 'signal' | 'unanswered'>,
  ): Promise<Lent<ResponseOf<A>>> {
    const version = this.version(api, options)
    return this.#send(api, version, body, options, lend) as Promise<Lent<ResponseOf<A>>>
  }

  close(): void {
    this.#end(new ClientError('CONNECTION_LOST', `the connection to ${this.#wire.peer} was closed by this side`))
    this.#wire.destroy()
  }

  // ------------------------------------------------------------ inside

  async #negotiate(): Promise<void> {
    const { connectTimeoutMs: timeoutMs, software: own } = this.#options
    const software = { clientSoftwareName: own.name, clientSoftwareVersion: own.version }
    let answer = (await this.#send(apiVersions, askedFirst, software, { timeoutMs })) as ResponseOf<typeof apiVersions>
    if (answer.errorCode === errors.UNSUPPORTED_VERSION.code) {
      answer = (await this.#send(apiVersions, 0, software, { timeoutMs })) as ResponseOf<typeof apiVersions>
    }
    this.#ranges = new Map(
      answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]),
    )
  }

  async #send(
    api: Api,
    version: number,
    body: RequestInput<Api>,
    options: SendOptions,
    take: (answer: unknown, slab: Slab, api: Api) => unknown = detach,
  ): Promise<unknown> {
    if (this.#closed !== null) throw this.#closed
    if (options.signal?.aborted) throw options.signal.reason
    if (this.#waiting.length >= this.#options.inFlightMax) {
      throw new ClientError('BUSY', `${this.#waiting.length} requests to ${this.#wire.peer} wait for their answer`)
    }
    const correlationId = this.#correlationId
    this.#correlationId = (correlationId + 1) & 0x7fffffff
    const chunks = encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, body)
    if (options.unanswered) return this.#sendUnanswered(chunks, api, correlationId, options)
    return new Promise((resolve, reject) => {
      const settle = this.#deadline(api, correlationId, options, reject)
      this.#waiting.push({
        correlationId,
        api,
        version,
        resolve: (answer, slab) => {
          settle()
          resolve(take(answer, slab, api))
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      this.#wire.write(chunks)
    })
  }

  #sendUnanswered(
    chunks: readonly Uint8Array[],
    api: Api,
    correlationId: number,
    options: SendOptions,
  ): Promise<undefined> {
    return new Promise((resolve, reject) => {
      const settle = this.#deadline(api, correlationId, options, reject)
      this.#wire.write(chunks, () => {
        settle()
        if (this.#closed === null) resolve(undefined)
        else reject(this.#closed)
      })
    })
  }

  /** Watches over time and signal; returns how to stop watching. */
  #deadline(api: Api, correlationId: number, options: SendOptions, reject: (reason: unknown) => void): () => void {
    const { signal, timeoutMs } = options
    // The answer will still come, in its order, though nobody waits for it; when it does not, the connection is dead.
    const onAbort = () => reject(signal?.reason)
    const timer: Timer = this.#runtime.clock.after(timeoutMs, () => {
      const what = `${options.unanswered ? 'take' : 'answer'} ${api.name} (request ${correlationId})`
      const text = `${this.#wire.peer} did not ${what} within ${timeoutMs} ms`
      this.#end(new ClientError('REQUEST_TIMEOUT', text))
      this.#wire.destroy()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    return () => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#closed !== null) return
    try {
      this.#onAnswer(frame)
    } catch (error) {
      this.#broken(error)
    }
  }

  #onAnswer(frame: Frame): void {
    const correlationId = readCorrelationId(frame)
    const waiting = this.#waiting.peek()
    if (waiting?.correlationId !== correlationId) {
      throw new Error(`an answer to request ${correlationId} where ${waiting?.correlationId ?? 'none'} is due`)
    }
    const { api } = waiting
    const version = api.key === apiVersions.key ? apiVersionsVersion(frame, waiting.version) : waiting.version
    const reader = new Reader(frame.slab.bytes, frame.start, frame.end)
    decodeResponseHeader(reader, api, version)
    const answer = api.response.decode(reader, version)
    this.#waiting.shift()
    waiting.resolve(answer, frame.slab)
  }

  #broken(error: unknown): void {
    const text = `${this.#wire.peer} sent what is no answer: ${textOf(error)}`
    this.#log.warn({ peer: this.#wire.peer, error: textOf(error) }, 'broker sent what is no answer, connection closed')
    this.#end(new ClientError('PROTOCOL_BROKEN', text, { cause: error }))
    this.#wire.destroy()
  }

  #end(error: ClientError): void {
    if (this.#closed !== null) return
    this.#closed = error
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift())
      waiting.reject(error)
    this.onClose()
  }
}

function lend(answer: unknown, slab: Slab): Lent<unknown> {
  slab.retain()
  return { answer, slab }
}

function detach(answer: unknown, _slab: Slab, api: Api): unknown {
  if (api.key === fetch.key) detachRecords(answer as ResponseOf<typeof fetch>)
  return answer
}

/**
 * Records are given to applications, which may keep them: they need memory that is nobody else's. Each partition's has its own, so that
 * one that is slow holds up no other's.
 */
function detachRecords({ responses }: ResponseOf<typeof fetch>): void {
  for (const { partitions } of responses) {
    for (const partition of partitions) {
      const { records } = partition
      if (records === null) continue
      partition.records = Buffer.allocUnsafeSlow(records.length)
      partition.records.set(records)
    }
  }
}

function readCorrelationId({ slab, start, end }: Frame): number {
  if (end - start < 4) throw new Error('an answer without a header')
  return new DataView(slab.bytes.buffer, slab.bytes.byteOffset + start, 4).getInt32(0)
}

/**
 * The version of ApiVersions that is asked first. 5 would only say which broker of which cluster is meant, and costs a second round trip at
 * every broker older than Kafka 4.4.
 */
const askedFirst = 4

/** An ApiVersions answer is in v0, with the ranges, when the broker does not know the version that was asked (KIP-511). */
function apiVersionsVersion({ slab, start, end }: Frame, asked: number): number {
  if (end - start < 6) return asked
  const errorCode = new DataView(slab.bytes.buffer, slab.bytes.byteOffset + start + 4, 2).getInt16(0)
  return errorCode === errors.UNSUPPORTED_VERSION.code ? 0 : asked
}
