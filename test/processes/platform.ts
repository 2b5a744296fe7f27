// Castle and brokers as real processes for a test, each of which can be killed with -9 and started again where it was.
//
// It does what `castellan start` does, but without a supervisor that mends things by itself: the test decides.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machines } from './machines.ts'
import { freePorts } from './ports.ts'
import { castellan, TestProcess } from './process.ts'
import { waitFor } from './wait.ts'

const logCharactersMax = 1 << 20
/** A second where nothing else runs. */
const readyMs = 60_000

export interface PlatformOptions {
  readonly brokers?: number
  /** Further words for each broker, such as `--group.castle.grace.ms 500`. */
  readonly brokerArgs?: readonly string[]
  readonly castleArgs?: readonly string[]
  /** Brokers serve /metrics, at `metricsOf`. */
  readonly metrics?: boolean
  /** Kept at the end; without it a new folder is made and removed. */
  readonly data?: string
  /** Each process runs on the machine that has its name; without them all are here, on 127.0.0.1. */
  readonly machines?: Machines
}

/** `castle`, `broker-1`, `broker-2`, ... */
export type MemberName = 'castle' | `broker-${number}`

export class TestPlatform {
  readonly castle: string
  readonly bootstrap: string
  readonly data: string
  readonly #options: PlatformOptions
  readonly #ports: readonly number[]
  /** Of the brokers' metrics; none where they serve none. */
  readonly #metricsPorts: readonly number[]
  readonly #members = new Map<MemberName, TestProcess>()
  /** What those logged that are gone, by name, the newest part of it. */
  readonly #logs = new Map<MemberName, string>()

  static async start(options: PlatformOptions = {}): Promise<TestPlatform> {
    const { brokers = 3, metrics = false } = options
    const ports = await freePorts(1 + brokers * (metrics ? 2 : 1))
    const platform = new TestPlatform(options, ports.slice(0, 1 + brokers), ports.slice(1 + brokers))
    try {
      for (const name of platform.names) platform.#spawn(name)
      await Promise.all(platform.names.map((name) => platform.#untilReady(name)))
      await platform.untilUp()
      return platform
    } catch (error) {
      await platform.#remove()
      throw error
    }
  }

  private constructor(options: PlatformOptions, ports: readonly number[], metricsPorts: readonly number[]) {
    this.#options = options
    this.#ports = ports
    this.#metricsPorts = metricsPorts
    this.data = options.data ?? mkdtempSync(join(tmpdir(), 'castellan-platform-'))
    this.castle = `http://${this.#addressOf('castle')}`
    this.bootstrap = this.names
      .slice(1)
      .map((name) => this.#addressOf(name))
      .join(',')
  }

  get names(): MemberName[] {
    return this.#ports.map((_, index): MemberName => (index === 0 ? 'castle' : `broker-${index}`))
  }

  process(name: MemberName): TestProcess {
    const member = this.#members.get(name)
    if (member === undefined) throw new Error(`there is no ${name}`)
    return member
  }

  /** What it logged, also before it was last started again: the newest part. */
  logOf(name: MemberName): string {
    return (this.#logs.get(name) ?? '') + this.process(name).stderr
  }

  /** Where this broker serves its metrics, as it was asked to. */
  metricsOf(name: MemberName): string {
    const port = this.#metricsPorts[this.names.indexOf(name) - 1]
    if (port === undefined) throw new Error(`${name} serves no metrics`)
    return `http://${this.#hostOf(name)}:${port}/metrics`
  }

  /** kill -9; resolves when the process is gone. */
  async kill(name: MemberName): Promise<void> {
    await this.process(name).kill()
  }

  /** SIGTERM; resolves when the process is gone. */
  async stopOne(name: MemberName): Promise<void> {
    await this.process(name).stop()
  }

  /** Starts a killed or stopped process again, at its port and on its data. Resolves when it is ready. */
  async restart(name: MemberName): Promise<void> {
    this.#logs.set(name, this.logOf(name).slice(-logCharactersMax))
    this.#spawn(name)
    await this.#untilReady(name)
  }

  /** Resolves when Castle counts every running broker as up. */
  async untilUp(): Promise<void> {
    await waitFor('Castle to know all brokers', async () => {
      const response = await fetch(`${this.castle}/api/brokers`)
      const { items } = (await response.json()) as { items: { pid: number; state: string }[] }
      const up = new Set(items.filter(({ state }) => state === 'up').map(({ pid }) => pid))
      const wanted = this.names
        .slice(1)
        .map((name) => this.process(name))
        .filter(({ isRunning }) => isRunning)
      return wanted.every(({ pid }) => up.has(pid))
    })
  }

  /** Stops all in good order, brokers first, and removes the data. Rejects when one did not stop well. */
  async stop(): Promise<void> {
    try {
      await Promise.all(this.names.slice(1).map((name) => this.process(name).stop()))
      await this.process('castle').stop()
    } finally {
      await this.#remove()
    }
  }

  #spawn(name: MemberName): void {
    const index = this.names.indexOf(name)
    const words = index === 0 ? this.#castleWords() : this.#brokerWords(index)
    const listen = ['--listen', this.#addressOf(name)]
    const { machines } = this.#options
    const [insecure, within] = machines ? [['--insecure', 'true'], machines.machine(name).within] : [[], []]
    this.#members.set(name, new TestProcess(name, castellan, [...words, ...listen, ...insecure], { within }))
  }

  /** host:port */
  #addressOf(name: MemberName): string {
    return `${this.#hostOf(name)}:${this.#ports[this.names.indexOf(name)]}`
  }

  #hostOf(name: MemberName): string {
    return this.#options.machines?.machine(name).address ?? '127.0.0.1'
  }

  #castleWords(): string[] {
    const brokers = String(this.#ports.length - 1)
    const folder = ['--data.dir', join(this.data, 'castle')]
    // As under the supervisor: all come, however slow the machine is.
    const offsetsTopic = ['--offsets.topic.brokers', brokers, '--offsets.topic.wait.ms', String(readyMs)]
    return ['castle', ...folder, ...offsetsTopic, ...(this.#options.castleArgs ?? [])]
  }

  #brokerWords(id: number): string[] {
    const folder = ['--log.dir', join(this.data, `broker-${id}`)]
    const metricsPort = this.#metricsPorts[id - 1]
    const metrics = metricsPort ? ['--metrics.listen', `${this.#hostOf(`broker-${id}`)}:${metricsPort}`] : []
    const words = ['broker', '--node.id', String(id), '--castle', this.castle, ...folder, ...metrics]
    return [...words, ...(this.#options.brokerArgs ?? [])]
  }

  async #untilReady(name: MemberName): Promise<void> {
    const member = this.process(name)
    const readiness = () => (member.isRunning ? member.hasSaid('ready') && 'ready' : 'ended')
    const state = await waitFor(`${name} to be ready`, readiness, readyMs)
    if (state === 'ended') throw new Error(`${name} ended before it was ready:\n${member.stderr.slice(-4000)}`)
  }

  /** kill -9 of everything that runs; the data stays. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#members.values()].filter(({ isRunning }) => isRunning).map((member) => member.kill()))
  }

  async #remove(): Promise<void> {
    await this.killAll()
    if (this.#options.data === undefined) rmSync(this.data, { recursive: true, force: true })
  }
}

export function startPlatform(options?: PlatformOptions): Promise<TestPlatform> {
  return TestPlatform.start(options)
}
