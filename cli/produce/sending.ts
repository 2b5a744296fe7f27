// Messages on their way: sent in order, as many at a time as memory allows, and accounted for one by one in that order.
import { CastellanError, type OutgoingMessage, type Producer, type Sent } from '@castellan/sdk'

/** Beyond either of these, reading waits. */
const inFlightMax = 10_000
const inFlightBytesMax = 32 * 2 ** 20

/** What became of a message. */
export type Settled = { readonly where: string; readonly bytes: number } & (
  | { readonly sent: Sent }
  | { readonly error: CastellanError }
)

export class Sending {
  readonly #producer: Producer
  readonly #onSettled: (settled: Settled) => Promise<void>
  /** Each resolves once its message is accounted for. */
  readonly #underway: Promise<void>[] = []
  #last = Promise.resolve()
  #bytes = 0

  constructor(producer: Producer, onSettled: (settled: Settled) => Promise<void>) {
    this.#producer = producer
    this.#onSettled = onSettled
  }

  get underway(): number {
    return this.#underway.length
  }

  /** Resolves once there is room for the next one. */
  async send(where: string, bytes: number, message: OutgoingMessage): Promise<void> {
    this.#bytes += bytes
    this.#last = this.#settled(this.#last, where, bytes, this.#producer.send(message).catch(foreseen))
    this.#underway.push(this.#last)
    while (this.#underway.length > inFlightMax || this.#bytes > inFlightBytesMax) await this.#underway[0]
  }

  /** Resolves once all are accounted for. */
  async finish(): Promise<void> {
    await this.#last
  }

  async #settled(
    before: Promise<void>,
    where: string,
    bytes: number,
    outcome: Promise<Sent | CastellanError>,
  ): Promise<void> {
    const result = await outcome
    await before
    await this.#onSettled({
      where,
      bytes,
      ...(result instanceof CastellanError ? { error: result } : { sent: result }),
    })
    this.#underway.shift()
    this.#bytes -= bytes
  }
}

function foreseen(error: unknown): CastellanError {
  if (error instanceof CastellanError) return error
  throw error
}
