// The same on a real disk (R14): the data folder is copied while Castle is at work, as backups are, and put in the place of the one that
// went on. And with ten thousand partitions: what Castle asks for comes in parts, and nobody's lease runs out meanwhile.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Castle } from '../castle.ts'
import { coreConfig } from '../config.ts'
import { SqliteStore } from '../store/sqlite.ts'
import { Harness } from '../testing/harness.ts'

class SqliteHarness extends Harness {
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
}, 180_000)
