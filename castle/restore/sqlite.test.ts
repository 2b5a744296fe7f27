// The same on a real disk (R14): the data folder is copied while Castle is at work, as backups are, and put in the place of the one that
// went on. And with ten thousand partitions: what Castle asks for comes in parts, and nobody's lease runs out meanwhile.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Castle } from '../castle.ts'
import { coreConfig } from '../config.ts'
import { SqliteStore } from '../store/sqlite.ts'
import { Restoring } from '../testing/restoring.ts'

class SqliteHarness extends Restoring {
  folder = ''

  override async startCastle(): Promise<void> {
    const store = SqliteStore.open(this.folder, castleEpochMax)
    this.castle = await Castle.start(this.runtime, { store, settings: coreConfig(), log: silentLogger })
    this.network.server = (link) => this.castle.accept(link)
  }
}

let root: string
let world: SqliteHarness

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'castellan-restore-'))
  world = new SqliteHarness()
  world.folder = join(root, 'data')
  mkdirSync(world.folder)
  await world.startCastle()
})

afterEach(async () => {
  await world.castle.stop()
  rmSync(root, { recursive: true })
})

const living = () => [...world.state.all('topic')].filter(({ deleted }) => !deleted)
const isSettled = () => living().every(({ doubt }) => doubt === undefined)

test('a data folder that was copied while Castle was at work, and one that is empty', async () => {
  const brokers = await world.replicating(3)
  await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders' }))
  const copy = join(root, 'copy')
  cpSync(world.folder, copy, { recursive: true })
  await world.done(world.castle.changeTopic('c', 'orders', { ackLevel: 1, partitions: 3 }))
  await world.done(world.castle.createTopic({ cluster: 'c', name: 'later' }))
  const before = living().map(({ topicId, name, ackLevel, partitions }) => [topicId, name, ackLevel, partitions.length])
  for (const folder of [copy, join(root, 'empty')]) {
    mkdirSync(folder, { recursive: true })
    await world.killCastle()
    world.folder = folder
    await world.startCastle()
    await world.clock.until(() => living().length === before.length && isSettled(), 5_000, 'all is there again')
    const after = living().map(({ topicId, name, ackLevel, partitions }) => [
      topicId,
      name,
      ackLevel,
      partitions.length,
    ])
    expect(after.sort()).toEqual(before.sort())
    await world.clock.pass(2_000)
    expect(brokers.map((broker) => broker.topic('orders')?.partitions)).toEqual(
      Array(3).fill(world.state.topicNamed('c', 'orders')?.partitions),
    )
  }
})

/** The files of the database alone, without its mark. */
function copyDatabase(from: string, to: string): void {
  for (const name of readdirSync(to)) if (name.startsWith('castle.db')) rmSync(join(to, name))
  for (const name of readdirSync(from)) if (name.startsWith('castle.db')) copyFileSync(join(from, name), join(to, name))
}

describe('a database that was put back alone, while all who know better are away', () => {
  const start = async () => {
    const brokers = await world.replicating(3)
    await world.done(world.castle.createTopic({ cluster: 'c', name: 'orders', assignments: [[1, 2, 3]] }))
    const old = join(root, 'old')
    mkdirSync(old)
    copyDatabase(world.folder, old)
    const three = await world.kill(brokers[2]!)
    await world.clock.until(() => world.partition('orders')?.isr.length === 2, 5_000, '3 is not in sync')
    // The others have heard it.
    await world.clock.pass(200)
    const one = await world.kill(brokers[0]!)
    await world.kill(brokers[1]!)
    await world.killCastle()
    copyDatabase(old, world.folder)
    return { one, three }
  }

  test('elects nobody by what it forgot: its mark shows that it went back', async () => {
    const { one, three } = await start()
    await world.startCastle()
    three()
    await world.clock.pass(10_000)
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1, 2, 3] })
    expect(world.inDoubt()).toContain('orders')
    one()
    await world.clock.until(() => world.partition('orders')?.isr.length === 2, 5_000, 'what it forgot is known')
    await world.done(world.castle.restore.giveUp('c', 2, 'its machine is gone'))
    expect(world.inDoubt()).toEqual([])
    expect(world.partition('orders')).toMatchObject({ leader: 1, isr: [1] })
  })

  test('and without its mark, as when the whole folder was put back, goes by what it has: nobody says that it went back', async () => {
    const { three } = await start()
    rmSync(join(world.folder, 'castle.mark'))
    await world.startCastle()
    three()
    await world.clock.until(() => world.partition('orders')?.leader === 3, 10_000, '3 leads')
    expect(world.inDoubt()).toEqual([])
  })
})

test('ten thousand partitions come back into an empty store', async () => {
  await world.replicating(3)
  for (let index = 0; index < 100; index++) {
    await world.done(
      world.castle.createTopic({ cluster: 'c', name: `t${index}`, partitions: 99, replicationFactor: 3 }),
    )
  }
  const count = () => living().reduce((sum, { partitions }) => sum + partitions.length, 0)
  const [topics, partitions] = [living().length, count()]
  expect(partitions).toBeGreaterThan(9_900)
  await world.killCastle()
  world.folder = join(root, 'empty')
  mkdirSync(world.folder)
  await world.startCastle()
  await world.clock.until(() => living().length === topics && isSettled(), 60_000, 'all is there again')
  expect(count()).toBe(partitions)
  expect([...world.state.all('broker')].every(({ up }) => up)).toBe(true)
  expect(
    living().every((topic) => topic.partitions.every(({ isr, leader }) => isr.length === 3 && leader !== -1)),
  ).toBe(true)
  expect(world.decisions.filter((kind) => kind === 'castle-epoch').length).toBeLessThanOrEqual(3)
})
