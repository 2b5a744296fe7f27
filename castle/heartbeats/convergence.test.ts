// Level-triggered, tried: whatever links lose, repeat, overtake or break while Castle decides, restarts and senders come and
// go, in the end every sender holds exactly what it should, never having gone back on the way, and Castle knows every log as it is.
import { silentLogger, sleep } from '@castellan/protocol/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Castle } from '../castle.ts'
import { coreConfig } from '../config.ts'
import { scopeOf } from '../scope.ts'
import { MemoryDisk, MemoryStore } from '../store/memory.ts'
import { TestBroker, TestClient } from '../testing/senders.ts'
import { LinkNetwork, noFaults, runtimeOf, SeededRandom, WorldClock } from '../testing/world.ts'

const names = ['a', 'b', 'c']

type Step =
  | { do: 'create' | 'delete'; name: string }
  | { do: 'change'; name: string; ackLevel: -1 | 0 | 1 }
  | { do: 'restart-castle' | 'break-links' | 'directive' }
  | { do: 'restart-broker'; id: number }
  | { do: 'log'; id: number; partition: number; leaderEpoch: number | null }
  | { do: 'subscribe'; client: number; topics: string[] }
  | { do: 'wait'; ms: number }

const name = fc.constantFrom(...names)
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('create', 'delete'), name }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('change' as const), name, ackLevel: fc.constantFrom(-1, 0, 1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart-castle', 'break-links', 'directive') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restart-broker' as const), id: fc.integer({ min: 1, max: 2 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('log' as const),
      id: fc.integer({ min: 1, max: 2 }),
      partition: fc.integer({ min: 0, max: 3 }),
      leaderEpoch: fc.option(fc.integer({ min: 0, max: 2 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      client: fc.integer({ min: 0, max: 2 }),
      topics: fc.subarray(names),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 800 }) }) },
) as fc.Arbitrary<Step>

const faults = fc.record({
  lose: fc.double({ min: 0, max: 0.3, noNaN: true }),
  repeat: fc.double({ min: 0, max: 0.3, noNaN: true }),
  breakLink: fc.double({ min: 0, max: 0.05, noNaN: true }),
  delayMs: fc.integer({ min: 0, max: 300 }),
})

/** Of logs that nobody knows of: their brokers say so all the same. */
const strayTopic = '00000000-0000-4000-8000-000000000001'

/** One run of steps on one world. */
class Run {
  readonly clock = new WorldClock()
  readonly network: LinkNetwork
  readonly disk = new MemoryDisk()
  /** All processes there ever were. */
  readonly brokers: TestBroker[] = []
  readonly clients: TestClient[]
  begun: string[] = []
  directives = 0
  incarnations = 0
  castle!: Castle

  constructor(seed: number) {
    this.network = new LinkNetwork(this.clock, new SeededRandom(seed))
    this.clients = names.map((_, index) => {
      // Slow, so that it comes again before its outcome is known.
      const count = (args: unknown) => {
        this.begun.push(String(args))
        return sleep(this.clock, 1_500)
      }
      const directives = { count }
      return new TestClient(this.#runtime(), `client-${index}`, { topics: names.slice(0, index) }, { directives })
    })
  }

  async start(): Promise<void> {
    await this.#startCastle()
    for (const id of [1, 2]) this.#startBroker(id)
    await this.clock.pass(1_500)
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'create':
        return this.#ask(this.castle.createTopic({ cluster: 'c', name: step.name, partitions: 2 }))
      case 'delete':
        return this.#ask(this.castle.deleteTopic('c', { name: step.name }))
      case 'change':
        return this.#ask(this.castle.changeTopic('c', step.name, { ackLevel: step.ackLevel }))
      case 'restart-castle':
        this.network.server = undefined
        this.network.breakAll()
        await this.castle.stop()
        return this.#startCastle()
      case 'break-links':
        return this.network.breakAll()
      case 'directive':
        return this.#direct()
      case 'restart-broker':
        return this.#startBroker(step.id)
      case 'log':
        return this.#changeLog(step)
      case 'subscribe':
        return this.clients[step.client]?.change({ topics: step.topics })
      case 'wait':
        return this.clock.pass(step.ms)
    }
  }

  check(): void {
    // Of two processes with one id the one that Castle heard of last has stopped the other.
    const living = this.brokers.filter(({ stopped }) => stopped === undefined)
    expect(living.map(({ id }) => id).sort()).toEqual([1, 2])
    for (const { id, report } of living) {
      const known = this.castle.brokers.reports.logsOf(strayTopic)(id) ?? new Map()
      expect(new Set(known.values()), `the logs of broker ${id}`).toEqual(new Set(report.logs))
    }
    for (const sender of [...living, ...this.clients]) {
      const session = this.castle.sessions.get(sender.kind, sender.senderId)
      if (session === undefined) throw new Error(`Castle does not know ${sender.senderId}`)
      for (const subject of scopeOf(this.castle.state, this.castle.groups, session)) {
        expect(JSON.stringify(sender.held.get(subject.key)), `${sender.senderId} ${subject.key}`).toBe(subject.text)
      }
      const versions = new Map<string, number>()
      for (const { key, version } of sender.told) {
        expect(version).toBeGreaterThan(versions.get(key) ?? -1)
        versions.set(key, version)
      }
    }
    expect(new Set(this.begun).size).toBe(this.begun.length)
  }

  async stop(): Promise<void> {
    this.network.server = undefined
    this.network.breakAll()
    await this.castle.stop()
  }

  /** Null: it goes. */
  #changeLog({ id, partition, leaderEpoch }: Step & { do: 'log' }): void {
    const broker = this.brokers.findLast((one) => one.id === id)
    if (broker === undefined) return
    const others = broker.report.logs.filter((log) => log.partition !== partition)
    const log = leaderEpoch === null ? [] : [{ topicId: strayTopic, partition, leaderEpoch, fault: null }]
    broker.change({ logs: [...log, ...others] })
  }

  /** A Castle that has just started does it once it has heard both brokers, or a lease is over. */
  async #ask(task: Promise<unknown>): Promise<void> {
    let isDone = false
    const done = this.#ignoreRefusal(task).finally(() => {
      isDone = true
    })
    await this.clock.until(() => isDone, 5_000, 'what was asked is done, or refused')
    return done
  }

  #direct(): void {
    const session = this.castle.sessions.get('client', 'client-0')
    if (session === undefined) return
    this.directives += 1
    const id = `d-${this.directives}`
    session.directives.give(id, 'count', id, 60_000, this.clock.nowMs(), 0)
    this.castle.sessions.hint(session)
  }

  async #startCastle(): Promise<void> {
    this.castle = await Castle.start(this.#runtime(), {
      store: new MemoryStore(this.disk),
      settings: coreConfig(),
      log: silentLogger,
    })
    this.network.server = (link) => this.castle.accept(link)
  }

  /** A new process; the old one goes on in the dark until it is told to stop. */
  #startBroker(id: number): void {
    this.incarnations += 1
    this.brokers.push(new TestBroker(this.#runtime(), id, {}, { incarnation: `${id}-${this.incarnations}` }))
  }

  #runtime() {
    return runtimeOf(this.clock, this.network, this.network.random)
  }

  async #ignoreRefusal(task: Promise<unknown>): Promise<void> {
    const outcome = task.then(
      () => undefined,
      (error: unknown) => error,
    )
    await this.clock.pass(0)
    const error = await outcome
    if (
      error !== undefined &&
      !/^(TOPIC_EXISTS|TOPIC_UNKNOWN|NO_BROKER|CLUSTER_UNKNOWN)$/.test((error as { code: string }).code)
    )
      throw error
  }
}

/** A client that holds a topic, and does not ask for it any more when it is deleted: that is nothing that it is to hear of. */
const deletedWhenUnasked: Step[] = [
  { do: 'create', name: 'b' },
  { do: 'wait', ms: 1 },
  { do: 'subscribe', client: 2, topics: [] },
  { do: 'wait', ms: 5 },
  { do: 'delete', name: 'b' },
]

test('every sender ends up holding exactly what it should', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      faults,
      fc.array(aStep, { minLength: 5, maxLength: 40 }),
      async (seed, trouble, steps) => {
        const run = new Run(seed)
        await run.start()
        run.network.faults = trouble
        for (const step of steps) await run.take(step)
        run.network.faults = noFaults
        await run.clock.pass(15_000)
        run.check()
        await run.stop()
      },
    ),
    { numRuns: 100, examples: [[0, noFaults, deletedWhenUnasked]] },
  )
}, 240_000)
