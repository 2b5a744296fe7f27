// A client of the Kafka protocol for tests: sends requests of any version, and reads the answers in their order.
import {
  type Api,
  decodeResponseHeader,
  encodeRequest,
  FrameReader,
  Reader,
  type RequestInput,
  type ResponseOf,
  SlabPool,
} from '@castellan/protocol'
import type { Address, Connection, Runtime } from '@castellan/protocol/runtime'

interface Waiting {
  readonly api: Api
  readonly version: number
  resolve(response: unknown): void
  reject(error: Error): void
}

export class TestClient {
  readonly #connection: Connection
  readonly #waiting: Waiting[] = []
  #correlationId = 0

  private constructor(connection: Connection) {
    this.#connection = connection
    const frames = new FrameReader(new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 1024 * 1024 }), {
      maxFrameBytes: 128 * 1024 * 1024,
      onFrame: ({ slab, start, end }) => this.#onFrame(slab.bytes.subarray(start, end)),
      onError: (error) => this.#fail(error),
    })
    connection.start({
      readBuffer: () => frames.readBuffer(),
      onRead: (length) => frames.onRead(length),
      onDrain: () => {},
      onClose: (error) => this.#fail(error ?? new Error('the broker closed the connection')),
    })
  }

  static async connect(runtime: Runtime, address: Address): Promise<TestClient> {
    return new TestClient(await runtime.network.connect(address, { timeoutMs: 5_000 }))
  }

  /** Rejects when the connection ends before the answer. */
  request<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    this.#correlationId++
    const header = { correlationId: this.#correlationId, clientId: 'test' }
    this.#connection.write(encodeRequest(api, version, header, body))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ api, version, resolve: (response) => resolve(response as ResponseOf<A>), reject })
    })
  }

  close(): void {
    this.#connection.destroy()
  }

  #onFrame(bytes: Uint8Array): void {
    const waiting = this.#waiting.shift()
    if (!waiting) throw new Error('an answer that nobody asked for')
    // A copy: tests keep what they read.
    const reader = new Reader(new Uint8Array(bytes))
    decodeResponseHeader(reader, waiting.api, waiting.version)
    waiting.resolve(waiting.api.response.decode(reader, waiting.version))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
