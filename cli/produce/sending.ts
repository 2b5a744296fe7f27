// Messages on their way: sent in order, as many at a time as memory allows, and accounted for one by one in that order.
import { CastellanError, type OutgoingMessage, type Producer, type Sent } from '@castellan/sdk'

/** Beyond either of these, reading waits. */
const inFlightMax = 10_000
const inFlightBytesMax = 32 * 2 ** 20

interface Underway {
  readonly where: string
  readonly bytes: number
  readonly outcome: Promise<Sent | CastellanError>
}

/** What became of a message. */
export type Settled = { readonly where: string; readonly bytes: number } & (
  | { readonly sent: Sent }
  | { readonly error: CastellanError }
)

export class Sending {
  readonly #producer: Producer
  readonly #onSettled: (settled: Settled) => Promise<void>
  readonly #underway: Underway[] = []
  #bytes = 0

  constructor(producer: Producer, onSettled: (settled: Settled) => Promise<void>) {
    this.#producer = producer
    this.#onSettled = onSettled
  }

  /** Resolves once there is room for the next one. */
  async send(where: string, bytes: number, message: OutgoingMessage): Promise<void> {
    this.#underway.push({ where, bytes, outcome: this.#producer.send(message).catch(foreseen) })
    this.#bytes += bytes
    while (this.#underway.length > inFlightMax || this.#bytes > inFlightBytesMax) await this.#settleOne()
  }

  /** Resolves once all are accounted for. */
  async finish(): Promise<void> {
    while (this.#underway.length > 0) await this.#settleOne()
  }

  async #settleOne(): Promise<void> {
    const first = this.#underway.shift()
    if (first === undefined) return
    const { where, bytes, outcome } = first
    const result = await outcome
    this.#bytes -= bytes
    await this.#onSettled({
      where,
      bytes,
      ...(result instanceof CastellanError ? { error: result } : { sent: result }),
    })
  }
}

function foreseen(error: unknown): CastellanError {
  if (error instanceof CastellanError) return error
  throw error
}
