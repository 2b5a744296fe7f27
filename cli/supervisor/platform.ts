// Castle and N brokers as processes of this machine, on 127.0.0.1: what `castellan start` runs.
//
// All processes are started at once, not one after another: a broker dials until Castle answers. Only where the system
// chooses Castle's port do the brokers wait to be told it.
import { join } from 'node:path'
import type { DataFolder } from './data-folder.ts'
import { Member } from './member.ts'

export interface PlatformOptions {
  readonly brokers: number
  /** 0: the system chooses. */
  readonly castlePort: number
  /** Of the first broker, the others follow; 0: the system chooses each. */
  readonly brokerPort: number
  readonly restart: boolean
  /** Logs go to standard error instead of to the data folder. */
  readonly verbose: boolean
  say(line: string): void
}

/** Where all of it listens. */
export const platformHost = '127.0.0.1'
const patienceMs = 10_000
/** As long as a broker may take to come. */
const offsetsWaitMs = 60_000

export class Platform {
  readonly #options: PlatformOptions
  readonly #folder: DataFolder
  readonly #castle: Member
  readonly #brokers: Member[]
  #castleUrl = ''
  /** By broker, host:port once known. */
  readonly #addresses: string[] = []

  constructor(folder: DataFolder, options: PlatformOptions) {
    this.#folder = folder
    this.#options = options
    this.#castle = this.#member('castle', () => this.#castleArgs())
    this.#brokers = Array.from({ length: options.brokers }, (_, index) =>
      this.#member(`broker-${index + 1}`, () => this.#brokerArgs(index)),
    )
  }

  get castleUrl(): string {
    return this.#castleUrl
  }

  get bootstrap(): string {
    return this.#addresses.join(',')
  }

  /** Starts everything and resolves when all of it answers. On failure everything is stopped, and the error says why. */
  async start(): Promise<void> {
    try {
      const { castlePort } = this.#options
      if (castlePort !== 0) this.#castleUrl = `http://${platformHost}:${castlePort}`
      const castle = this.#castle.start().then((ready) => {
        this.#castleUrl = ready['url'] ?? this.#castleUrl
      })
      if (castlePort === 0) await castle
      await Promise.all([castle, ...this.#brokers.map((broker, index) => this.#startBroker(broker, index))])
      await this.#untilRegistered()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Brokers first: they hand over to Castle what they lead. */
  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop()))
    await this.#castle.stop()
  }

  /** A stop that is under way shall not wait for brokers to hand over to each other. */
  hurry(): void {
    for (const broker of this.#brokers) broker.hurry()
  }

  async #startBroker(broker: Member, index: number): Promise<void> {
    const ready = await broker.start()
    this.#addresses[index] = ready['address'] ?? ''
  }

  /** A broker serves clients once Castle knows this very process. Recovery of big logs takes its time: no deadline. */
  async #untilRegistered(): Promise<void> {
    const saying = setInterval(() => {
      const missing = this.#brokers.filter(({ isRegistered }) => !isRegistered).map(({ name }) => name)
      this.#options.say(`Castle has not heard of ${missing.join(', ')} yet: the logs in ${this.#folder.logs} say why`)
    }, patienceMs).unref()
    await Promise.all(this.#brokers.map(({ registered }) => registered))
    clearInterval(saying)
  }

  #member(name: string, args: () => string[]): Member {
    const { restart, verbose, say } = this.#options
    return new Member({
      name,
      args,
      outputFile: verbose ? undefined : join(this.#folder.logs, `${name}.out`),
      restart,
      say,
      explain: (code, sentence) => this.#explain(name, code, sentence),
      onChange: () => {
        if (!this.#folder.setChildren(this.#running()))
          say(`${this.#folder.path} cannot be written to: is its disk full?`)
      },
    })
  }

  #castleArgs(): string[] {
    const port = this.#castleUrl === '' ? 0 : new URL(this.#castleUrl).port
    return [
      'castle',
      ...['--listen', `${platformHost}:${port}`],
      ...['--data.dir', join(this.#folder.path, 'castle')],
      // All of them come, and on a busy machine seconds apart: made with those of the first second, the topic would have to grow as they do.
      ...['--offsets.topic.brokers', String(this.#options.brokers), '--offsets.topic.wait.ms', String(offsetsWaitMs)],
      ...this.#logArgs('castle'),
    ]
  }

  #brokerArgs(index: number): string[] {
    const { brokerPort } = this.#options
    const id = index + 1
    const listen = this.#addresses[index] ?? `${platformHost}:${brokerPort === 0 ? 0 : brokerPort + index}`
    const folder = join(this.#folder.path, `broker-${id}`)
    return [
      'broker',
      ...['--node.id', String(id)],
      ...['--castle', this.#castleUrl],
      ...['--listen', listen],
      ...['--metrics.listen', `${platformHost}:0`],
      ...['--log.dir', folder],
      ...this.#logArgs(`broker-${id}`),
    ]
  }

  #logArgs(name: string): string[] {
    return this.#options.verbose ? [] : ['--log.file', join(this.#folder.logs, `${name}.log`)]
  }

  /** A process's own sentence names its own settings; people here gave options of `start`. */
  #explain(name: string, code: string, sentence: string): string {
    if (code !== 'LISTEN_FAILED') return `${name}: ${sentence}`
    const option = name === 'castle' ? '--castle-port' : '--broker-port'
    const [what] = sentence.split(/[:.] /, 1)
    return `${name}: ${what}: stop what uses the port, or choose another with ${option} PORT.`
  }

  #running(): { name: string; pid: number }[] {
    return [this.#castle, ...this.#brokers].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]))
  }
}
