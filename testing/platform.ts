// Castle, brokers and services in the process of a test, on a clock that only moves while somebody waits (time.ts).
//
//   test ── connect ──> the SDK, watched (watch.ts) ──┐
//        ── send, committed, messages ──> own client ─┼── simulated network ── brokers, Castle (hosts.ts)
//        ── handled, caughtUp, waitFor, advance ──> Time ── Scheduler: one event after another
import type { AnyTopic, Castellan, MessageOf, OutgoingMessage } from '@castellan/sdk'
import { messageOf, TestingError } from './errors.ts'
import { type FailingCall, type FailOptions, Failures, type HowItFails, type PlannedFailure } from './failures.ts'
import { type Handled, History, type MessagePlace } from './history.ts'
import { Hosts, ownService } from './hosts.ts'
import { LogLines } from './log-lines.ts'
import { Looker } from './looker.ts'
import { checkOptions, checkSpan, type TestPlatformOptions, type TopicOptions } from './options.ts'
import { type ServiceOptions, Services } from './services.ts'
import { Scheduler } from './simulator/index.ts'
import { Time } from './time.ts'
import { until } from './until.ts'

/** How long a wait may last, in simulated ms. Default two minutes. */
export interface WaitOptions {
  readonly withinMs?: number
}

export interface HandledOptions extends WaitOptions {
  /** By a consumer of this group. Default: of any. */
  readonly group?: string
}

const waitMs = 120_000
/** Castle and brokers answer after milliseconds, and lead after a lease at most. */
const startMs = 30_000
const stopMs = 30_000
const shownLines = 5

export class TestPlatform implements AsyncDisposable {
  readonly #options: Required<TestPlatformOptions>
  readonly #scheduler: Scheduler
  readonly #time: Time
  readonly #failures = new Failures(ownService)
  readonly #history = new History()
  readonly #logs = new LogLines()
  readonly #hosts: Hosts
  readonly #services: Services
  #looker: Looker | null = null
  #stopping: Promise<void> | null = null
  #hasHinted = false

  private constructor(options: Required<TestPlatformOptions>) {
    this.#options = options
    this.#scheduler = new Scheduler(options.seed, { epochWallMs: options.startAt.getTime(), trace: false })
    this.#time = new Time(this.#scheduler, {
      isSlow: () => this.#stopping === null && this.#services.isOutside(options.patienceMs),
      onQuiet: () => this.#onQuiet(),
    })
    this.#hosts = new Hosts(this.#scheduler, options.brokers, this.#failures, this.#logs)
    this.#services = new Services(this.#hosts, this.#time, this.#history, this.#logs)
  }

  /** Resolves when Castle and all brokers are up and the topics are made. Throws OPTION_WRONG, and what Castle says of a topic. */
  static async start(options: TestPlatformOptions = {}): Promise<TestPlatform> {
    const platform = new TestPlatform(checkOptions(options))
    try {
      await platform.#untilUp(['castle', ...platform.#hosts.brokerNames])
      for (const [name, topic] of Object.entries(platform.#options.topics)) await platform.createTopic(name, topic)
    } catch (error) {
      await platform.stop()
      throw error
    }
    return platform
  }

  // ------------------------------------------------------------ services and topics

  /**
   * The SDK's `connect`, to this platform: give what it resolves with to the service under test. Each call is a process of its own, on a
   * machine called like the service (then service-2, ...). Throws what `connect` throws.
   */
  connect(options: ServiceOptions): Promise<Castellan> {
    return this.#do(() => this.#services.connect(options))
  }

  createTopic(name: string, options: TopicOptions = {}): Promise<void> {
    return this.#do(async () => {
      const { castle } = this.#hosts
      if (castle === null) throw new TestingError('NAME_UNKNOWN', 'castle is down: it makes the topics')
      await castle.createTopic({ cluster: 'default', name, ...options })
    })
  }

  /** As a producer's `send`, from outside the services under test; says where the message stands. */
  send<T extends string | AnyTopic>(message: OutgoingMessage<T>): Promise<MessagePlace> {
    return this.#do(async () => {
      const { partition, offset } = await this.#look().send(message)
      return { topic: nameOf(message.topic), partition, offset }
    })
  }

  // ------------------------------------------------------------ waiting

  /**
   * Resolves when a handler is done with the message. Throws WAIT_OVER, which says what the handlers, the services and the platform were doing.
   */
  async handled(message: MessagePlace, { group, withinMs = waitMs }: HandledOptions = {}): Promise<Handled> {
    const found = () => this.#history.of(message).find((one) => one.isDone && (group ?? one.group) === one.group)
    if (await this.#pass(withinMs, () => found() !== undefined)) return found()!
    const { topic, partition, offset } = message
    const tries = this.#history.of(message).filter((one) => (group ?? one.group) === one.group)
    const lines = tries.map((one) => `${one.service} tried ${one.attempts} times: ${one.error ?? 'no error yet'}`)
    const who = group === undefined ? 'nobody' : `nobody in group ${group}`
    throw this.#waitOver(`${who} was done with ${topic}/${partition}@${offset}`, withinMs, lines)
  }

  /**
   * Resolves when the group has handled, and committed, all that stands in the topics of its consumers. Throws WAIT_OVER, and NAME_UNKNOWN
   * for a group that no service has.
   */
  async caughtUp(group: string, { withinMs = waitMs }: WaitOptions = {}): Promise<void> {
    const topics = this.#services.topicsOf(group)
    if (topics.length === 0) {
      const groups = this.#services.groups.join(', ') || 'none has a consumer yet'
      throw new TestingError('NAME_UNKNOWN', `no service has a consumer of group '${group}': ${groups}`)
    }
    let left: readonly string[] = []
    const isCaughtUp = async () => {
      left = await this.#do(() => this.#look().leftOf(group, topics))
      return left.length === 0
    }
    const error = await this.#until(isCaughtUp, withinMs, 0)
    if (error !== null) throw this.#waitOver(`group ${group} had not caught up`, withinMs, left)
  }

  /**
   * Resolves when `condition` neither throws nor gives false, with what it gives; `expect` works in it. When simulated time is over, things
   * outside the platform have the rest of `patienceMs` to happen. Throws WAIT_OVER with the condition's own error as its cause.
   */
  async waitFor<T>(condition: () => T | Promise<T>, { withinMs = waitMs }: WaitOptions = {}): Promise<T> {
    let result: T | undefined
    const error = await this.#until(
      async () => {
        result = await condition()
        return result !== false
      },
      withinMs,
      this.#options.patienceMs,
    )
    if (error === null) return result as T
    throw this.#waitOver(`the condition did not hold: ${messageOf(error)}`, withinMs, [], error)
  }

  /** Lets simulated time pass: retries, leases, lingers and timeouts of that span happen. */
  async advance(spanMs: number): Promise<void> {
    await this.#pass(checkSpan('spanMs', spanMs))
  }

  /** What the platform's clock shows. */
  get now(): Date {
    return new Date(this.#scheduler.epochWallMs + this.#scheduler.nowMs)
  }

  // ------------------------------------------------------------ trouble

  /** The next call of that kind that a service makes fails; see `HowItFails`. Throws OPTION_WRONG. */
  failNext(call: FailingCall, how: HowItFails, options: FailOptions = {}): PlannedFailure {
    return this.#failures.add(call, how, options)
  }

  /** Nothing passes between two machines ('castle', 'broker-1', a service's name), or between one and all others. Throws NAME_UNKNOWN. */
  cut(name: string, other?: string): void {
    this.#hosts.cut(name, other)
  }

  /** Undoes `cut` of the same names; without names, every cut. Throws NAME_UNKNOWN. */
  heal(name?: string, other?: string): void {
    this.#hosts.heal(name, other)
  }

  /** Ends a process as kill -9 does: Castle, a broker (its log stays) or a service (its handlers' results count no more). */
  kill(name: string): void {
    this.#hosts.kill(name)
    this.#services.died(name)
  }

  /** Starts Castle or a broker again, with the data that it had. Resolves when it is ready. */
  restart(name: string): Promise<void> {
    return this.#untilUp([name])
  }

  // ------------------------------------------------------------ looking

  /** The offset that the group has committed in each partition: of the next message to handle; null: none yet. */
  committed(group: string, topic: string | AnyTopic): Promise<(number | null)[]> {
    return this.#do(async () => this.#look().committed(group, nameOf(topic)))
  }

  /** All messages of a topic that consumers may see, by partition and offset. Those of a typed topic are decoded. */
  messages<T extends string | AnyTopic>(topic: T): Promise<MessageOf<T>[]> {
    return this.#do(async () => {
      const found = await this.#look().messages(nameOf(topic))
      const read = typeof topic === 'string' ? found : found.map((message) => (topic as AnyTopic).decode(message))
      return read as MessageOf<T>[]
    })
  }

  // ------------------------------------------------------------ ending

  /** Closes the services in good order, then ends everything. Never throws. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    this.#failures.clear()
    this.#hosts.heal()
    let isClosed = false
    void Promise.all([this.#services.close(), this.#looker?.close()]).then(() => {
      isClosed = true
    })
    // A consumer whose handler does not end is left by `close` before it has ended itself.
    const isOver = () => isClosed && !this.#services.isRunning
    await this.#time.pass(stopMs, isOver).catch(() => false) // the simulation broke: whoever waited was told
    this.#hosts.killAll()
    this.#time.stop(new TestingError('STOPPED', 'this platform was stopped'))
  }

  // ------------------------------------------------------------ inside

  #checkOpen(): void {
    if (this.#stopping !== null) throw new TestingError('STOPPED', 'this platform was stopped')
  }

  /** Time passes until what was asked for is done. */
  async #do<T>(ask: () => Promise<T>): Promise<T> {
    this.#checkOpen()
    return this.#time.during(ask())
  }

  async #pass(withinMs: number, condition?: () => boolean): Promise<boolean> {
    this.#checkOpen()
    return this.#time.pass(checkSpan('withinMs', withinMs), condition)
  }

  async #untilUp(names: readonly string[]): Promise<void> {
    await this.#do(() => Promise.all(names.map((name) => this.#hosts.start(name))))
    if (this.#hosts.castle === null || (await this.#pass(startMs, () => this.#hosts.isReady))) return
    throw this.#waitOver(`${names.join(', ')} did not come up`, startMs)
  }

  /** Its own client, made when it is first needed. */
  #look(): Looker {
    this.#looker ??= new Looker(this.#hosts.addService(ownService).runtime, this.#hosts.bootstrap)
    return this.#looker
  }

  /** See `until`. */
  #until(condition: () => Promise<boolean>, withinMs: number, realMs: number): Promise<unknown> {
    this.#checkOpen()
    return until(this.#time, condition, { withinMs: checkSpan('withinMs', withinMs), realMs })
  }

  #waitOver(what: string, withinMs: number, lines: readonly string[] = [], cause?: unknown): TestingError {
    const state = [...lines, ...this.#services.working, ...this.#services.state, ...this.#hosts.trouble]
    const logged = this.#logs.last(shownLines).map((line) => `log: ${line}`)
    const text = [`${what} within ${withinMs} ms of simulated time.`, ...state, ...logged].join('\n  ')
    return new TestingError('WAIT_OVER', text, { cause })
  }

  /** A test that hangs hangs here: it awaits what only comes with time. */
  #onQuiet(): void {
    if (this.#services.groups.length === 0 || this.#hasHinted) return
    this.#hasHinted = true
    console.warn(
      `@castellan/testing: nobody waits for this platform, so its time stands still. If your test hangs now, it awaits something that only ` +
        `time brings, such as a handler's message: await platform.handled(...), caughtUp, waitFor or advance.`,
    )
  }
}

function nameOf(topic: string | AnyTopic): string {
  return typeof topic === 'string' ? topic : topic.name
}
