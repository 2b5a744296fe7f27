// What can befall one replica while the others go on (R8, R9).
import { expect, test } from 'vitest'
import { nameOf, Replicas } from './replicas.ts'

/** A topic with some records, all replicas level; and a broker that follows. */
async function started(options: Parameters<typeof Replicas.start>[0] = {}) {
  const replicas = await Replicas.start(options)
  const topicId = await replicas.makeTopic('orders')
  for (let n = 0; n < 10; n++) await replicas.sendSurely('orders', [`early-${n}`, 'x'.repeat(200)])
  await replicas.until('all replicas have all', () => replicas.isLevel('orders'))
  const { leader, replicas: ids } = replicas.partition('orders')
  return { replicas, topicId, leader, follower: ids.find((id) => id !== leader)! }
}

async function expectEqualLogs(replicas: Replicas, topicId: string): Promise<void> {
  await replicas.until('all replicas are level again', () => replicas.isLevel('orders'), 60_000)
  const bytes = replicas.logBytes(replicas.partition('orders').leader, topicId)
  expect(bytes.length).toBeGreaterThan(0)
  for (const id of [1, 2, 3]) expect(replicas.logBytes(id, topicId).equals(bytes), nameOf(id)).toBe(true)
}

test('a flipped bit in a follower that starts again: reported, set aside, fetched anew; the others never stop', async () => {
  const { replicas, topicId, follower } = await started()
  replicas.kill(follower)
  const { files } = replicas.machine(nameOf(follower)).platters
  const [path] = [...files.keys()].filter((name) => name.includes(topicId) && name.endsWith('.log'))
  files.get(path!)!.bytes[100]! ^= 4
  await replicas.sendSurely('orders', ['while it is down'])
  await replicas.restart(follower)
  await replicas.sendSurely('orders', ['while it is damaged'])
  await expectEqualLogs(replicas, topicId)
  expect(replicas.broker(follower).partitions.metrics).toMatchObject({ rebuilds: 1, faults: 0 })
  expect([...files.keys()].some((name) => name.includes('/damaged-00000001-'))).toBe(true)
})

test('a log made anew while Castle counts on it again: out of use until it is whole, also after a kill, and never elected', async () => {
  const { replicas, topicId, leader, follower } = await started()
  for (let n = 0; n < 40; n++) await replicas.sendSurely('orders', [`more-${n}`, 'x'.repeat(200)])
  await replicas.until('all replicas have all', () => replicas.isLevel('orders'))
  // Its own view is older than Castle's: it believes that nobody counts on it.
  const { partitions } = replicas.broker(follower)
  const state = replicas.topic('orders')
  const behind = state.partitions.map((one) => ({ ...one, isr: one.isr.filter((id) => id !== follower) }))
  for (const id of [1, 2, 3]) if (id !== follower) replicas.cut(nameOf(follower), nameOf(id))
  replicas.replica(follower, topicId)!.setKnownDamage('a bit flipped')
  partitions.apply({ ...state, deleted: false, partitions: behind } as never)
  expect(replicas.replica(follower, topicId)).toMatchObject({ endOffset: 0, fault: null, isAnew: true })
  await replicas.until('Castle knows', () => !replicas.partition('orders').isr.includes(follower))
  replicas.kill(follower)
  await replicas.restart(follower)
  for (const id of [1, 2, 3]) if (id !== leader) replicas.cut(nameOf(leader), nameOf(id))
  replicas.kill(leader)
  const third = [1, 2, 3].find((id) => id !== leader && id !== follower)
  await replicas.until('another leads', () => replicas.partition('orders').leader === third)
  expect(replicas.replica(follower, topicId)!.isAnew).toBe(true)
  replicas.network.healAll()
  await replicas.restart(leader)
  await expectEqualLogs(replicas, topicId)
  expect(replicas.replica(follower, topicId)!.isAnew).toBe(false)
})

test('a full disk of a follower: it leaves the ISR, and is back when there is room', async () => {
  const { replicas, topicId, follower } = await started()
  const { platters } = replicas.machine(nameOf(follower))
  platters.freeBytes = 100
  for (let n = 0; n < 10; n++) await replicas.sendSurely('orders', [`late-${n}`, 'x'.repeat(200)])
  await replicas.until('it has left the ISR', () => !replicas.partition('orders').isr.includes(follower))
  expect(replicas.replica(follower, topicId)!.fault).toBeNull()
  platters.freeBytes = Number.POSITIVE_INFINITY
  await expectEqualLogs(replicas, topicId)
})

test('a disk that hangs: its broker falls silent, others lead, and it comes back with its disk', async () => {
  const { replicas, topicId, leader } = await started()
  const machine = replicas.machine(nameOf(leader))
  const { partitions } = replicas.broker(leader)
  machine.writeDelayMs = 100
  for (let n = 0; partitions.writePath.path === 'sync'; n++) {
    expect(n).toBeLessThan(100)
    await replicas.sendSurely('orders', [`slow-${n}`])
  }
  expect(replicas.partition('orders').leader).toBe(leader)
  machine.writeDelayMs = 60_000
  const { nowMs } = replicas.scheduler
  await replicas.sendSurely('orders', ['while it hangs'])
  expect(replicas.scheduler.nowMs - nowMs).toBeLessThan(5_000)
  expect(replicas.partition('orders').leader).not.toBe(leader)
  machine.writeDelayMs = 0
  await expectEqualLogs(replicas, topicId)
})

test('a power loss of the leader: it comes back with new logs by name, leaves the ISR, and catches up', async () => {
  const { replicas, topicId, leader } = await started()
  const { logsId } = replicas.broker(leader).partitions
  replicas.kill(leader, 'power')
  await replicas.sendSurely('orders', ['while it is down'])
  await replicas.restart(leader)
  expect(replicas.broker(leader).partitions.logsId).not.toBe(logsId)
  await expectEqualLogs(replicas, topicId)
  replicas.kill(leader)
  await replicas.restart(leader)
  const kept = replicas.broker(leader).partitions.logsId
  replicas.kill(leader)
  await replicas.restart(leader)
  expect(replicas.broker(leader).partitions.logsId).toBe(kept)
})

test('another disk: everything is fetched again', async () => {
  const { replicas, topicId, follower } = await started()
  replicas.kill(follower)
  replicas.machine(nameOf(follower)).platters.clear()
  await replicas.restart(follower)
  await expectEqualLogs(replicas, topicId)
})

test('records that only a deposed leader had are cut, not kept', async () => {
  const { replicas, topicId, leader } = await started()
  const others = [1, 2, 3].filter((id) => id !== leader)
  // It cannot reach the other brokers, but Castle and clients: what it takes now nobody else gets.
  for (const id of others) replicas.cut(nameOf(leader), nameOf(id))
  const lonely = replicas.send('orders', ['nobody else has this'])
  await replicas.pass(200)
  replicas.kill(leader)
  await replicas.settled('the send fails', lonely)
  replicas.network.healAll()
  await replicas.sendSurely('orders', ['what the next leader wrote'])
  await replicas.restart(leader)
  await expectEqualLogs(replicas, topicId)
  expect(replicas.broker(leader).partitions.metrics).toMatchObject({ truncations: 1, truncatedRecords: 1 })
})

test('flush.messages=1: nothing is acknowledged before a second replica has synced it; a power loss of all keeps it', async () => {
  const replicas = await Replicas.start()
  const topicId = await replicas.makeTopic('orders', { configs: { 'flush.messages': '1' } })
  for (let n = 0; n < 5; n++) await replicas.sendSurely('orders', [`value-${n}`])
  const { leader, replicas: ids } = replicas.partition('orders')
  for (const id of ids) {
    const { log, endOffset } = replicas.replica(id, topicId)!
    if (endOffset === 5) expect(log!.syncedOffset).toBe(5)
  }
  for (const id of ids) replicas.kill(id, 'power')
  for (const id of ids) await replicas.restart(id)
  await expectEqualLogs(replicas, topicId)
  expect(replicas.replica(leader, topicId)!.endOffset).toBe(5)
})
