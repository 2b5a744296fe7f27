// Castle's side of single heartbeats: what is answered, to whom hints go, and what becomes of those who do not read.
import { type Answer, castleEpochMax, type Heartbeat, versionOf } from '@castellan/protocol/heartbeat'
import { type Link, type LinkHandlers, type Logger, silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Castle } from '../castle.ts'
import { type CoreSettings, coreConfig } from '../config.ts'
import { MemoryStore } from '../store/memory.ts'
import { TestBroker } from '../testing/senders.ts'
import { LinkNetwork, runtimeOf, SeededRandom, WorldClock } from '../testing/world.ts'

let clock: WorldClock
let network: LinkNetwork
let castle: Castle

async function start(settings: Partial<CoreSettings> = {}): Promise<void> {
  clock = new WorldClock()
  network = new LinkNetwork(clock, new SeededRandom(1))
  const runtime = runtimeOf(clock, network, network.random)
  castle = await Castle.start(runtime, { store: new MemoryStore(), settings: coreConfig(settings), log: silentLogger })
  network.server = (link) => castle.accept(link)
  for (const id of [1, 2]) new TestBroker(runtime, id)
  await clock.pass(1_200)
}

beforeEach(() => start())
afterEach(() => castle.stop())

const report = (topics: string[] = [], holds: Record<string, number> = {}) => {
  return {
    kind: 'client' as const,
    service: 's',
    host: 'h',
    pid: 1,
    release: 'r',
    cluster: null,
    topics,
    groups: [],
    holds,
  }
}

function heartbeat(more: Partial<Heartbeat> = {}): Heartbeat {
  return {
    type: 'heartbeat',
    seq: 1,
    kind: 'client',
    id: 'x',
    incarnation: 'x-1',
    castleEpoch: 0,
    brokerEpoch: 0,
    reportNumber: 1,
    ...more,
  }
}

async function answerTo(more: Partial<Heartbeat>): Promise<Answer> {
  return JSON.parse(await castle.heartbeat(heartbeat(more))) as Answer
}

/** A link that only the test reads, or does not. */
class TestLink implements Link {
  readonly peer = 'test'
  bufferedBytes = 0
  closed = false
  readonly sent: Record<string, unknown>[] = []
  #handlers: LinkHandlers | undefined

  start(handlers: LinkHandlers): void {
    this.#handlers = handlers
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    clock.soon(() => this.#handlers?.onClose(null))
  }

  say(message: object | string): void {
    this.#handlers?.onMessage(typeof message === 'string' ? message : JSON.stringify(message))
  }

  static open(): TestLink {
    const link = new TestLink()
    castle.accept(link)
    return link
  }
}

describe('reports', () => {
  test('a sender that Castle does not know is asked for all of it, once', async () => {
    expect(await answerTo({})).toMatchObject({ seq: 1, needReport: true })
    expect((await answerTo({ report: report() })).needReport).toBeUndefined()
    expect((await answerTo({})).needReport).toBeUndefined()
    expect(await answerTo({ reportNumber: 2 })).toMatchObject({ needReport: true })
  })

  test('a late heartbeat does not take a newer report back', async () => {
    await answerTo({ reportNumber: 2, report: report(['orders']) })
    await answerTo({ reportNumber: 1, report: report(['old']) })
    expect(castle.sessions.get('client', 'x')?.report).toMatchObject({ topics: ['orders'] })
  })

  test('what differs is repeated until the report says that it is held', async () => {
    const keys = ({ subjects }: Answer) => subjects?.map(({ key }) => key)
    const first = await answerTo({ report: report() })
    expect(keys(first)).toEqual(['cluster/c'])
    expect(keys(await answerTo({}))).toEqual(['cluster/c'])
    const holds = { 'cluster/c': first.subjects?.[0]?.version ?? 0 }
    expect(keys(await answerTo({ reportNumber: 2, report: report([], holds) }))).toBeUndefined()
    expect(keys(await answerTo({ reportNumber: 2 }))).toBeUndefined()
  })

  test('more than fits comes in parts', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `topic-${i}`)
    for (const name of names) await castle.createTopic({ cluster: 'c', name, partitions: 600 })
    const holds: Record<string, number> = {}
    let parts = 0
    for (let more = true; more; parts++) {
      const answer = await answerTo({ reportNumber: parts + 1, report: report(names, holds) })
      expect(JSON.stringify(answer).length).toBeLessThan(1_200_000)
      for (const { key, version } of answer.subjects ?? []) holds[key] = version
      more = answer.more === true
    }
    expect(parts).toBeGreaterThan(1)
    expect(Object.keys(holds)).toHaveLength(31)
  })
})

describe('incarnations', () => {
  test('the newer wins, the older is told to stop, for good', async () => {
    await answerTo({ report: report() })
    expect((await answerTo({ incarnation: 'x-2', report: report() })).stop).toBeUndefined()
    expect(await answerTo({ incarnation: 'x-1', report: report() })).toMatchObject({
      stop: "a newer process has the id 'x'",
    })
    expect((await answerTo({ incarnation: 'x-2' })).stop).toBeUndefined()
  })

  test('the older hears it at once when it has a link', async () => {
    const link = TestLink.open()
    link.say(heartbeat({ report: report() }))
    await answerTo({ incarnation: 'x-2', report: report() })
    expect(link.sent.at(-1)).toMatchObject({ type: 'push' })
    link.say(heartbeat({ seq: 2 }))
    expect(link.sent.at(-1)).toMatchObject({ seq: 2, stop: "a newer process has the id 'x'" })
  })
})

describe('overload', () => {
  test('arrivals over the rate are told when to come back, and nothing of theirs is kept; those inside are not held up', async () => {
    await castle.stop()
    await start({ clientArrivalsPerSecond: 10 })
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) => answerTo({ id: `new-${i}`, report: report() })),
    )
    const told = answers.map(({ comeBackInMs = 0 }) => comeBackInMs)
    expect(told.slice(0, 2)).toEqual([0, 0])
    expect(told.slice(2)).toEqual([100, 200, 300])
    expect(castle.sessions.count('client')).toBe(2)
    expect((await answerTo({ id: 'new-0', reportNumber: 2, report: report(['orders']) })).comeBackInMs).toBeUndefined()
    await clock.pass(100)
    expect((await answerTo({ id: 'new-2', report: report() })).comeBackInMs).toBeUndefined()
  })

  test('more clients than there may be are told to come back', async () => {
    await castle.stop()
    await start({ clientsMax: 1 })
    await answerTo({ report: report() })
    expect(await answerTo({ id: 'y', report: report() })).toMatchObject({ comeBackInMs: 10_000 })
  })
})

describe('links', () => {
  test.each([
    ['no JSON', 'hello'],
    ['no heartbeat of ours', { type: 'heartbeat', seq: 'one' }],
    ['the report of another kind', heartbeat({ kind: 'broker', id: '7', report: report() })],
    ['a broker without a number', heartbeat({ kind: 'broker', id: 'seven', report: report() })],
    ['a call before a heartbeat', { type: 'call', id: 1, method: 'createTopic', args: {} }],
  ])('a malformed message costs its link, and nothing else: %s', (_, message) => {
    const link = TestLink.open()
    link.say(message)
    expect(link.closed).toBe(true)
    expect(link.sent).toEqual([])
    expect(castle.sessions.counts.malformed).toBe(1)
  })

  test('a Castle epoch too far ahead is not believed', async () => {
    const link = TestLink.open()
    link.say(heartbeat({ castleEpoch: 2_000_000, report: report() }))
    await clock.pass(1)
    expect(link.closed).toBe(true)
    expect(castle.castleEpoch).toBe(1)
  })

  test('clients that say higher and higher epochs raise it by little, and hinder nobody', async () => {
    for (let round = 0; round < 40; round++) {
      await answerTo({ castleEpoch: castle.castleEpoch + 3, report: report() }).catch(() => undefined)
      const holds = { 'cluster/c': versionOf(castle.castleEpoch + 3, 1) }
      await answerTo({ id: 'y', reportNumber: round, report: report([], holds) })
    }
    expect(castle.castleEpoch).toBeGreaterThan(1)
    expect(castle.castleEpoch).toBeLessThanOrEqual(17)
    await expect(answerTo({ castleEpoch: castleEpochMax, report: report() })).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
      path: '/castleEpoch',
    })
    const newest = { 'cluster/c': Number.MAX_SAFE_INTEGER }
    await answerTo({ id: 'z', report: report([], newest) })
    await clock.pass(300)
    expect(castle.castleEpoch).toBeLessThanOrEqual(17)
    expect([...castle.state.all('broker')].map(({ up }) => up)).toEqual([true, true])
  })

  test('a flood of malformed messages and refused links is counted, and has two lines in the log', async () => {
    await castle.stop()
    const lines: string[] = []
    const note = (_: object, message: string) => void lines.push(message)
    const log: Logger = { ...silentLogger, warn: note, error: note }
    const runtime = runtimeOf(clock, network, network.random)
    castle = await Castle.start(runtime, { store: new MemoryStore(), settings: coreConfig(), log })
    for (let i = 0; i < 200; i++) {
      TestLink.open().say('hello')
      TestLink.open().say(heartbeat({ castleEpoch: 2_000_000, report: report() }))
      castle.links.onRefused('peer', 'elsewhere')
    }
    await clock.pass(1)
    expect(castle.sessions.counts.malformed).toBe(400)
    expect(castle.links.refused).toBe(200)
    expect(lines).toEqual(['closing a link: malformed message', 'refused a link'])
  })

  test('unknown messages are skipped', () => {
    const link = TestLink.open()
    link.say({ type: 'telepathy' })
    expect(link.closed).toBe(false)
  })

  test('one that never says who it is, is closed in the end', async () => {
    const link = TestLink.open()
    await clock.pass(9_000)
    expect(link.closed).toBe(false)
    await clock.pass(3_000)
    expect(link.closed).toBe(true)
  })

  test('a second link of the same process replaces the first', () => {
    const [first, second] = [TestLink.open(), TestLink.open()]
    first.say(heartbeat({ report: report() }))
    second.say(heartbeat({ seq: 2 }))
    expect([first.closed, second.closed]).toEqual([true, false])
    expect(second.sent.at(-1)).toMatchObject({ seq: 2 })
  })

  test('what the first link still brings then does not bring the process back to it', () => {
    const [first, second] = [TestLink.open(), TestLink.open()]
    first.say(heartbeat({ report: report() }))
    second.say(heartbeat({ seq: 3 }))
    first.say(heartbeat({ seq: 2 }))
    expect(second.closed).toBe(false)
    expect(castle.sessions.get('client', 'x')?.link).toBe(second)
  })

  test('a slow reader gets no hints, and in the end loses its link', async () => {
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    const link = TestLink.open()
    link.say(heartbeat({ report: report(['orders']) }))
    const sent = link.sent.length
    link.bufferedBytes = 100_000
    await castle.changeTopic('c', 'orders', { ackLevel: 1 })
    await clock.pass(1)
    expect(link.sent.length).toBe(sent)
    expect(castle.sessions.pushes.dropped).toBe(1)
    link.bufferedBytes = 40_000_000
    link.say(heartbeat({ seq: 2 }))
    expect(link.closed).toBe(true)
    expect(link.sent.length).toBe(sent)
  })

  test('a call that comes again is not done again', async () => {
    const link = TestLink.open()
    link.say(heartbeat({ report: report() }))
    const call = { type: 'call', id: 5, method: 'createTopic', args: { name: 'once' } }
    link.say(call)
    link.say(call)
    await clock.pass(1)
    const again = TestLink.open()
    again.say(heartbeat({ seq: 2 }))
    again.say(call)
    await clock.pass(1)
    const results = [...link.sent, ...again.sent].filter(({ type }) => type === 'result')
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0])
  })
})

describe('pushes', () => {
  test('all changes of one turn are one hint, to those they concern', async () => {
    for (const name of ['a', 'b', 'c']) await castle.createTopic({ cluster: 'c', name })
    const [user, stranger] = [TestLink.open(), TestLink.open()]
    user.say(heartbeat({ id: 'user', report: report(['a', 'b']) }))
    stranger.say(heartbeat({ id: 'stranger', report: report(['c']) }))
    const idOf = (name: string) => `topic/${castle.state.topicNamed('c', name)?.topicId}`
    await Promise.all([castle.changeTopic('c', 'a', { ackLevel: 1 }), castle.changeTopic('c', 'b', { ackLevel: 1 })])
    await clock.pass(1)
    expect(user.sent.slice(1)).toEqual([
      { type: 'push', castleEpoch: 1, subjects: [idOf('a'), idOf('b')], withinMs: 0 },
    ])
    expect(stranger.sent).toHaveLength(1)
  })

  test('a crowd is told with a spread, in slices', async () => {
    await castle.stop()
    await start({ clientArrivalsPerSecond: 1_000_000 })
    await castle.createTopic({ cluster: 'c', name: 'orders' })
    const links = Array.from({ length: 1_500 }, (_, i) => {
      const link = TestLink.open()
      link.say(heartbeat({ id: `client-${i}`, report: report(['orders']) }))
      return link
    })
    await castle.changeTopic('c', 'orders', { ackLevel: 1 })
    await clock.pass(1)
    expect(links.every(({ sent }) => sent.at(-1)?.['type'] === 'push')).toBe(true)
    expect([0, 600, 1_400].map((index) => links[index]?.sent.at(-1)?.['withinMs'])).toEqual([60, 0, 0])
  })
})
