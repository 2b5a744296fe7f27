// Listens as a broker and keeps what clients send: answers by itself (answers.ts), or stands between the clients and a
// real broker and keeps its answers as well.
import {
  type AnyApi,
  apis,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeResponse,
  type Frame,
  FrameReader,
  Reader,
  SlabPool,
} from '@castellan/protocol'
import { type Address, type Connection, type Listener, nodeRuntime } from '@castellan/protocol/runtime'
import { Answers } from './answers.ts'

export interface Recorded {
  readonly client: string
  readonly api: string
  readonly side: 'request' | 'response'
  readonly version: number
  /** The frame without its length, in hex. */
  readonly frame: string
}

const { network, clock } = nodeRuntime()
const slabs = new SlabPool({ slabBytes: 256 * 1024, keepBytesMax: 8 * 1024 * 1024 })
/** How many of a client's messages of one API and version are kept; those that differ in length. */
const keptMax = 3

export class Recorder {
  readonly recorded: Recorded[] = []
  readonly #behind: Address | null
  #listener!: Listener
  #answers!: Answers

  private constructor(behind: Address | null) {
    this.#behind = behind
  }

  /** `behind`: the real broker; null to answer alone. */
  static async start(behind: Address | null): Promise<Recorder> {
    const recorder = new Recorder(behind)
    recorder.#listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) =>
      recorder.#serve(connection),
    )
    recorder.#answers = new Answers(recorder.address)
    return recorder
  }

  get address(): Address {
    return this.#listener.address
  }

  stop(): Promise<void> {
    return this.#listener.close()
  }

  #serve(connection: Connection): void {
    const inFlight = new Map<number, { clientId: string | null; api: AnyApi; version: number }>()
    const toBroker = this.#behind ? this.#connectBroker(this.#behind, connection, inFlight) : null
    follow(
      connection,
      (frame) => {
        const reader = new Reader(frame.slab.bytes, frame.start, frame.end)
        const { apiKey, apiVersion, correlationId, clientId } = decodeRequestHeader(reader)
        const api = apis.get(apiKey)
        if (api) this.#keep(clientId, api, 'request', apiVersion, frame)
        if (toBroker) {
          if (api) inFlight.set(correlationId, { clientId, api, version: apiVersion })
          const bytes = framed(bytesOf(frame))
          return void toBroker.then((broker) => broker.write([bytes]))
        }
        if (!api) throw new Error(`${clientId} sends API ${apiKey}, which has no schema here`)
        const known = apiVersion <= api.versions[1]
        const answer = this.#answers.answer(api, apiVersion, known ? api.request.decode(reader, apiVersion) : {})
        if (answer === undefined) return
        const chunks = encodeResponse(
          api,
          known ? apiVersion : 0,
          correlationId,
          (known ? answer : { ...answer, errorCode: 35 }) as never,
        )
        // A fetch that answers at once makes a client spin.
        if (api.name === 'Fetch') clock.after(20, () => connection.write(chunks))
        else connection.write(chunks)
      },
      () => void toBroker?.then((broker) => broker.destroy()),
    )
  }

  async #connectBroker(
    broker: Address,
    client: Connection,
    inFlight: Map<number, { clientId: string | null; api: AnyApi; version: number }>,
  ): Promise<Connection> {
    const connection = await network.connect(broker, { timeoutMs: 5_000 })
    follow(
      connection,
      (frame) => {
        const request = inFlight.get(new Reader(frame.slab.bytes, frame.start, frame.end).int32())
        if (!request) return void client.write([framed(bytesOf(frame))])
        const { clientId, api, version } = request
        this.#keep(clientId, api, 'response', version, frame)
        client.write(this.#withOurAddress(api, version, frame))
      },
      () => client.destroy(),
    )
    return connection
  }

  /** The broker's answer, with our address for its own, so that the client stays with us. */
  #withOurAddress(api: AnyApi, version: number, frame: Frame): Uint8Array[] {
    if (api.name !== 'Metadata' && api.name !== 'FindCoordinator') return [framed(bytesOf(frame))]
    const reader = new Reader(frame.slab.bytes, frame.start, frame.end)
    const { correlationId } = decodeResponseHeader(reader, api, version)
    const response = api.response.decode(reader, version)
    for (const each of [response, ...((response['brokers'] ?? response['coordinators'] ?? []) as object[])]) {
      if ('host' in each) Object.assign(each, this.address)
    }
    return encodeResponse(api, version, correlationId, response)
  }

  #keep(clientId: string | null, api: AnyApi, side: 'request' | 'response', version: number, frame: Frame): void {
    const bytes = bytesOf(frame)
    const client = (clientId ?? 'unknown').replace(/-\d+$/, '') // kafkajs and others number their parts
    const alike = this.recorded.filter(
      (each) => each.client === client && each.api === api.name && each.side === side && each.version === version,
    )
    if (alike.length >= keptMax || alike.some((each) => each.frame.length === bytes.length * 2)) return
    this.recorded.push({ client, api: api.name, side, version, frame: bytes.toString('hex') })
  }
}

function follow(connection: Connection, onFrame: (frame: Frame) => void, onClose: () => void): void {
  const frames = new FrameReader(slabs, {
    maxFrameBytes: 100 * 1024 * 1024,
    onFrame,
    onError: () => connection.destroy(),
  })
  connection.start({
    readBuffer: () => frames.readBuffer(),
    onRead: (length) => frames.onRead(length),
    onDrain: () => {},
    onClose: () => {
      frames.close()
      onClose()
    },
  })
}

function bytesOf(frame: Frame): Buffer {
  return Buffer.from(frame.slab.bytes.subarray(frame.start, frame.end))
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
