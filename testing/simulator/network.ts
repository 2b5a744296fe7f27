// A network of named hosts: byte connections and message links with delay, cuts (also one way) and resets.
//
// Model of TCP: what is sent arrives in order and in pieces of any size; while a way is cut, nothing moves along it and
// what was sent waits; a peer that dies by kill resets its connections, one that loses power leaves them silent.
import type { Address, Connection, Link, Listener, Network } from '@castellan/protocol/runtime'
import { networkError, Pipe } from './pipe.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface NetworkHost {
  readonly name: string
  readonly dead: boolean
  /** It is stalled, or has not yet gone through what came meanwhile. */
  readonly isBehind: boolean
  /** Runs what the system tells the process: later, while it is stalled; never, once it is dead. */
  run(task: () => void): void
  /** Asked before it sends; see DiskHost. */
  act(): 'lives' | 'dies' | 'dead'
}

/** What may befall each message of a link, as if several links and HTTP requests had carried them: how likely it is. */
export interface LinkTrouble {
  readonly lost: number
  readonly twice: number
  /** Overtaken by those sent later, or arriving again, up to so much later. */
  readonly late: number
  readonly lateMs: number
}

export const noTrouble: LinkTrouble = { lost: 0, twice: 0, late: 0, lateMs: 0 }

/** How often a connection attempt is repeated while a way is cut. */
const connectRetryMs = 200

type OnConnection = (connection: Connection) => void
type OnLink = (link: Link) => void

export class SimNetwork {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #cuts = new Set<string>()
  readonly #slow = new Map<string, number>()
  readonly #listeners = new Map<string, { host: NetworkHost; onConnection?: OnConnection; onLink?: OnLink }>()
  readonly #pipes = new Set<Pipe>()
  /** Machines without power: nobody there refuses. */
  readonly #off = new Set<string>()
  linkTrouble = noTrouble
  /** How often it has happened. */
  readonly troubles = { lost: 0, twice: 0, late: 0 }
  #nextPort = 40_000

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#random = scheduler.random.fork()
  }

  // ------------------------------------------------------------ faults

  /** Nothing moves from one host to the other until `heal`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  healAll(): void {
    this.#cuts.clear()
    this.#slow.clear()
    this.linkTrouble = noTrouble
  }

  calmLinks(): void {
    this.linkTrouble = noTrouble
  }

  /** Adds up to `extraMs` to everything that goes from one host to the other. */
  delay(from: string, to: string, extraMs: number): void {
    this.#slow.set(`${from}>${to}`, extraMs)
  }

  /** Breaks every connection between two hosts: both sides see a reset. */
  reset(a: string, b: string): void {
    for (const pipe of [...this.#pipes]) {
      if (pipe.joins(a, b)) pipe.break('ECONNRESET')
    }
  }

  /** The process on a host is gone. Its system says so to the peers (kill), or nobody does (power). */
  died(host: NetworkHost, how: 'kill' | 'power'): void {
    if (how === 'power') this.#off.add(host.name)
    for (const [key, listener] of [...this.#listeners]) if (listener.host === host) this.#listeners.delete(key)
    for (const pipe of [...this.#pipes]) pipe.endDied(host, how)
  }

  // ------------------------------------------------------------ one host's view

  of(host: NetworkHost): Network {
    this.#off.delete(host.name)
    return {
      listen: (address, onConnection) => this.#listen(host, address, { onConnection }),
      connect: (address, { timeoutMs }) =>
        this.#open(host, address, timeoutMs, 'onConnection').then((pipe) => pipe.connection('opener')),
      dial: (url, { timeoutMs }) => {
        const { hostname, port } = new URL(url)
        return this.#open(host, { host: hostname, port: Number(port) }, timeoutMs, 'onLink').then((pipe) =>
          pipe.link('opener'),
        )
      },
    }
  }

  /** What Castle's WebSocket server is in production. */
  serveLinks(host: NetworkHost, address: Address, onLink: OnLink): Promise<Listener> {
    return this.#listen(host, address, { onLink })
  }

  #listen(
    host: NetworkHost,
    asked: Address,
    serve: { onConnection?: OnConnection; onLink?: OnLink },
  ): Promise<Listener> {
    const address = { host: host.name, port: asked.port || this.#nextPort++ }
    const key = `${address.host}:${address.port}`
    if (this.#listeners.has(key)) return Promise.reject(networkError('EADDRINUSE', key))
    if (!host.dead) this.#listeners.set(key, { host, ...serve })
    return Promise.resolve({
      address,
      close: async () => {
        if (this.#listeners.get(key)?.host === host) this.#listeners.delete(key)
      },
    })
  }

  /** A connection is made in one round trip, refused in one, or times out when a way is cut. */
  #open(host: NetworkHost, to: Address, timeoutMs: number, kind: 'onConnection' | 'onLink'): Promise<Pipe> {
    const key = `${to.host}:${to.port}`
    const deadlineMs = this.#scheduler.nowMs + timeoutMs
    return new Promise((resolve, reject) => {
      const attempt = () => {
        if (host.dead) return
        if (this.isCut(host.name, to.host) || this.isCut(to.host, host.name) || this.#off.has(to.host)) {
          if (this.#scheduler.nowMs + connectRetryMs < deadlineMs) {
            this.#scheduler.at(connectRetryMs, attempt)
          } else {
            this.#scheduler.at(deadlineMs - this.#scheduler.nowMs, () => {
              host.run(() => reject(networkError('ETIMEDOUT', key)))
            })
          }
          return
        }
        const listener = this.#listeners.get(key)
        const accept = listener?.[kind]
        if (listener === undefined || accept === undefined) {
          return host.run(() => reject(networkError('ECONNREFUSED', key)))
        }
        const pipe = new Pipe(this, host, listener.host)
        this.#pipes.add(pipe)
        // The system has accepted it, even where the process is stalled.
        listener.host.run(() => {
          if (kind === 'onConnection') (accept as OnConnection)(pipe.connection('accepter'))
          else (accept as OnLink)(pipe.link('accepter'))
        })
        host.run(() => resolve(pipe))
      }
      this.#scheduler.at(this.travelMs(host.name, to.host), attempt)
    })
  }

  // ------------------------------------------------------------ what pipes need

  get random(): SeededRandom {
    return this.#random
  }

  get scheduler(): Scheduler {
    return this.#scheduler
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`)
  }

  /** What befalls the next message of a link. */
  fateOfMessage(): 'arrives' | 'lost' | 'twice' | 'late' {
    const { lost, twice, late } = this.linkTrouble
    if (this.linkTrouble === noTrouble) return 'arrives'
    const lot = this.#random.next()
    const fate = lot < lost ? 'lost' : lot < lost + twice ? 'twice' : lot < lost + twice + late ? 'late' : 'arrives'
    if (fate !== 'arrives') this.troubles[fate] += 1
    return fate
  }

  /** When a message that is late, or comes again, arrives. */
  strayMs(): number {
    return this.#random.next() * this.linkTrouble.lateMs
  }

  forget(pipe: Pipe): void {
    this.#pipes.delete(pipe)
  }

  travelMs(from: string, to: string): number {
    const extraMs = this.#slow.get(`${from}>${to}`) ?? 0
    return 0.05 + this.#random.next() * 0.4 + this.#random.next() * extraMs
  }
}
