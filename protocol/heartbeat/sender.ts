// The sender's side of the heartbeat: brokers and the SDK follow Castle with it. Every decision is made by the pure
// machine in loop.ts; this class feeds it what happens (links, messages, time) and does what it says.
//
//   network, clock --> events --> step() --> effects --> link, owner
//
// Events are queued, so an owner that calls `changed()` from `onSubject` is safe; what is due is done at the end of
// the turn, so all that changed in one turn goes out in one heartbeat.
import { isOver, type Link, type Logger, type Runtime, sleep, type Timer } from '../runtime/index.ts'
import type { Call, Result } from './call-messages.ts'
import { Calls } from './calls.ts'
import { type DirectiveHandlers, Directives } from './directives.ts'
import { LogsSaid } from './log-changes.ts'
import { dialTimeoutMs, step, wakeAt } from './loop.ts'
import { type Effect, type Flight, type Loop, type LoopEvent, newLoop } from './loop-state.ts'
import type { Heartbeat } from './messages.ts'
import type { BrokerReport, ClientReport } from './reports.ts'
import { type HeartbeatSenderOptions, linkUrl } from './sender-options.ts'
import type { Subject } from './subjects.ts'
import { checks, messageBytesMax, parseFromCastle, readSubject } from './validate.ts'
import { type BrokerVitals, vitalsEveryMs } from './vitals.ts'

/** Before Castle dictates them. */
const firstTimes = { broker: { intervalMs: 250, leaseMs: 1_000 }, client: { intervalMs: 3_000, leaseMs: 10_000 } }
/** How long a stop waits for Castle to hear the last report. */
const farewellMs = 500

export class HeartbeatSender {
  readonly #runtime: Runtime
  readonly #options: HeartbeatSenderOptions
  readonly #log: Logger
  readonly #calls: Calls
  readonly #directives: Directives
  readonly #logsSaid = new LogsSaid()
  readonly #events: LoopEvent[] = []
  #loop: Loop
  #draining = false
  #tickComing = false
  #timer: Timer | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #started = false
  #link: Link | undefined
  /** Tells the link that counts, and the dial that counts, from earlier ones. */
  #linkNumber = 0
  /** Castle knows on this link who speaks: before that it takes no calls. */
  #isKnown = false
  #vitalsDueMs = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime, options: HeartbeatSenderOptions) {
    if (options.urls.length === 0) throw new Error('no URL of a Castle is given: name at least one')
    this.#runtime = runtime
    this.#options = options
    this.#log = options.log
    this.#calls = new Calls(runtime.clock)
    const builtIn: DirectiveHandlers = {
      report: () => this.#take({ kind: 'asked', report: true }),
      reconnect: () => this.#reconnect(),
    }
    this.#directives = new Directives(runtime.clock, options.log, { ...options.directives, ...builtIn }, (outcome) =>
      this.#take({ kind: 'outcome', outcome }),
    )
    this.#loop = newLoop({
      ...firstTimes[options.kind],
      urls: options.urls.map(linkUrl),
      ...(options.castleEpoch === undefined ? {} : { castleEpoch: options.castleEpoch }),
      ...(options.versions === undefined ? {} : { versions: options.versions }),
    })
  }

  /** The highest Castle epoch heard of; 0: none. */
  get castleEpoch(): number {
    return this.#loop.castleEpoch
  }

  /** What fences this broker's earlier incarnations; 0 before registration, and for clients. */
  get brokerEpoch(): number {
    return this.#loop.brokerEpoch
  }

  /** Castle has answered on the present link. */
  get connected(): boolean {
    return this.#loop.greeted
  }

  /** Read before acting on the lease: it runs out by itself, also while this process was suspended. */
  isLeaseOver(): boolean {
    return this.#loop.lease === null || isOver(this.#runtime.clock, this.#loop.lease)
  }

  start(): void {
    this.#started = true
    this.#tickSoon()
  }

  /** Lets Castle hear the last report where that goes quickly, then closes the link. */
  async stop(): Promise<void> {
    const { clock } = this.#runtime
    const untilMs = clock.nowMs() + farewellMs
    while (this.connected && this.#loop.acknowledged !== this.#loop.reportNumber && clock.nowMs() < untilMs) {
      await sleep(clock, 5)
    }
    this.#take({ kind: 'stopped' })
    this.#calls.close()
  }

  /** The report changed: heartbeat at once. */
  changed(): void {
    this.#take({ kind: 'changed' })
  }

  /** The owner dropped what it held of this subject, for it is no longer interested. */
  forget(key: string): void {
    if (this.#loop.versions.has(key)) this.#take({ kind: 'forgotten', key })
  }

  /** Asks Castle for a write. Never rejects: trouble is a result with Kafka's error code and what to do. */
  call(method: Call['method'], args: unknown, timeoutMs: number): Promise<Result> {
    const result = this.#calls.add(method, args, timeoutMs)
    if (this.#isKnown) this.#sendCalls()
    return result
  }

  // -------------------------------------------------------------- events in

  #take(event: LoopEvent): void {
    this.#events.push(event)
    if (!this.#draining) this.#drain()
    this.#tickSoon()
  }

  #drain(): void {
    this.#draining = true
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        const wasConnected = this.#loop.greeted
        const { clock, random } = this.#runtime
        const at = { nowMs: clock.nowMs(), bootMs: clock.bootMs(), random: random.next() }
        const [next, effects] = step(this.#loop, event, at)
        this.#loop = next
        for (const effect of effects) this.#do(effect)
        if (wasConnected !== next.greeted) this.#options.onState?.(next.greeted ? 'connected' : 'disconnected')
      }
    } finally {
      this.#draining = false
    }
  }

  #tickSoon(): void {
    if (!this.#started || this.#tickComing) return
    this.#tickComing = true
    this.#runtime.clock.soon(() => this.#tick())
  }

  #tick(): void {
    this.#tickComing = false
    this.#events.push({ kind: 'tick' })
    this.#drain()
    this.#setTimer(wakeAt(this.#loop))
  }

  #setTimer(atMs: number): void {
    if (atMs === this.#timerMs) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#runtime.clock.after(Math.max(0, atMs - this.#runtime.clock.nowMs()), () => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#tick()
    })
  }

  // -------------------------------------------------------------- effects out

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'dial':
        return void this.#dial(effect.url)
      case 'close':
        this.#log.info({ why: effect.why }, 'closing the link to Castle')
        return this.#closeLink()
      case 'send':
        return this.#send(effect.flight)
      case 'apply':
        for (const subject of effect.subjects) this.#apply(subject)
        return
      case 'answered':
        this.#options.onAnswer?.(effect.answer)
        if (effect.answer.needReport === true || this.#isKnown) return
        this.#isKnown = true
        return this.#sendCalls()
      case 'run':
        return this.#directives.run(effect.directives)
      case 'stop':
        this.#calls.close()
        return this.#options.onStop(effect.reason)
    }
  }

  async #dial(url: string): Promise<void> {
    this.#linkNumber += 1
    const number = this.#linkNumber
    const timeoutMs = dialTimeoutMs(this.#loop)
    try {
      const link = await this.#runtime.network.dial(url, { timeoutMs, maxMessageBytes: messageBytesMax })
      if (number !== this.#linkNumber || this.#loop.phase !== 'dialing') return link.close()
      this.#link = link
      link.start({
        onMessage: (text) => this.#onMessage(number, text),
        onClose: (error) => this.#onClose(number, error),
      })
      this.#log.debug({ url }, 'linked to Castle')
      this.#take({ kind: 'linked' })
    } catch (error) {
      if (number !== this.#linkNumber) return
      this.#log.debug(
        { url, error: error instanceof Error ? error.message : String(error) },
        'Castle cannot be reached',
      )
      this.#take({ kind: 'unlinked' })
    }
  }

  #onMessage(linkNumber: number, text: string): void {
    if (linkNumber !== this.#linkNumber) return
    try {
      const message = parseFromCastle(text)
      if (message?.type === 'answer') this.#take({ kind: 'answer', answer: message })
      else if (message?.type === 'push') this.#take({ kind: 'push', push: message })
      else if (message?.type === 'result') this.#calls.onResult(message)
    } catch (error) {
      this.#log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'Castle sent what cannot be read',
      )
      this.#reconnect()
    }
  }

  #onClose(linkNumber: number, error: Error | null): void {
    if (linkNumber !== this.#linkNumber) return
    this.#log.debug({ error: error?.message }, 'the link to Castle is gone')
    this.#forgetLink()
    this.#take({ kind: 'unlinked' })
  }

  #reconnect(): void {
    if (this.#link === undefined) return
    this.#closeLink()
    this.#take({ kind: 'unlinked' })
  }

  #closeLink(): void {
    const link = this.#link
    this.#forgetLink()
    link?.close()
  }

  /** Whatever the old link still brings is not for us. */
  #forgetLink(): void {
    this.#link = undefined
    this.#isKnown = false
    this.#linkNumber += 1
    this.#calls.unlinked()
  }

  #send(flight: Flight): void {
    const { kind, id, incarnation } = this.#options
    const { castleEpoch, brokerEpoch, outcomes } = this.#loop
    const { seq, reportNumber } = flight
    const heartbeat: Heartbeat = {
      type: 'heartbeat',
      seq,
      kind,
      id,
      incarnation,
      castleEpoch,
      brokerEpoch,
      reportNumber,
    }
    if (flight.withReport) heartbeat.report = this.#reportFor(flight)
    if (flight.outcomes > 0) heartbeat.done = outcomes.slice(0, flight.outcomes)
    if (this.#options.isMute?.() !== true) this.#link?.send(JSON.stringify(heartbeat))
    this.#sendVitals()
  }

  #sendVitals(): void {
    const { id, incarnation, vitals } = this.#options
    const nowMs = this.#runtime.clock.nowMs()
    if (vitals === undefined || nowMs < this.#vitalsDueMs) return
    this.#vitalsDueMs = nowMs + vitalsEveryMs
    const told: BrokerVitals = { type: 'vitals', id, incarnation, ...vitals() }
    this.#link?.send(JSON.stringify(told))
  }

  #reportFor({ reportNumber, since }: Flight): BrokerReport | ClientReport {
    const own = this.#options.report()
    const said = own.kind === 'broker' && this.#logsSaid.say(own.logs, reportNumber, since)
    const report = { ...own, ...said, holds: Object.fromEntries(this.#loop.versions) }
    const check = report.kind === 'broker' ? checks.brokerReport : checks.clientReport
    const problem = problemOf(() => check.parse(report))
    // Castle will refuse it: name the field here, where it can be mended.
    if (problem !== undefined) this.#log.error({ error: problem }, 'the report to Castle is not valid')
    return report
  }

  #apply(subject: Subject): void {
    const problem = problemOf(() => readSubject(subject))
    if (problem === undefined) return this.#options.onSubject(subject)
    this.#log.error(
      { subject: subject.key, version: subject.version, error: problem },
      'Castle sent a subject that cannot be used',
    )
  }

  #sendCalls(): void {
    for (const call of this.#calls.unsent(this.#loop.castleEpoch)) this.#link?.send(JSON.stringify(call))
  }
}

function problemOf(task: () => unknown): string | undefined {
  try {
    task()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
