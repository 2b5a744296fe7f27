// What `broker list`, `broker describe` and `topic describe` say of a broker and its logs, given what Castle answers.
import { createServer, type Server } from 'node:http'
import type { BrokerView } from '@castellan/castle/views'
import { afterEach, expect, test } from 'vitest'
import { MemoryOutput, runHere } from '../testing/memory-io.ts'
import { describedTopic, type TopicWithEnds } from './topic-views.ts'

let server: Server | undefined

afterEach(() => server?.close())

const agoIso = (ms: number) => new Date(Date.now() - ms).toISOString()

const broker: BrokerView = {
  ...{ id: 2, cluster: 'default', host: 'h', port: 9, metricsPort: 0, rack: null, pid: 77, release: '0.2.0' },
  ...{ state: 'up', why: 'a new process registered', since: agoIso(1_000), brokerEpoch: 1, stopping: false },
  ...{ lastHeard: null, leaders: 1, replicas: 3, faults: [], strays: [], behind: [], recovery: null },
  startedAt: agoIso(120_000),
  vitals: {
    ...{ at: agoIso(0), loopHeldMs: 12, logBytes: 4096, writePath: 'async', longestWriteMs: 300, slowWrites: 4 },
    ...{ leftLoop: 1, lastStop: 'lost' },
  },
}
const recovery = { logs: 30, opened: 4, bytesToCheck: 2048, bytesChecked: 1024 }
const recovering: BrokerView = { ...broker, id: 3, state: 'down', recovery, vitals: null }
/** As a Castle of the first release answers. */
const { startedAt: _a, recovery: _b, vitals: _c, ...early } = { ...broker, id: 4 }

/** Runs words against a Castle that answers these lists. */
async function saidTo(words: string[], items: readonly object[]): Promise<string> {
  const listening = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify({ items, next: null }))
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as { port: number }
  const { code, stdout } = await runHere([...words, '--castle', `http://127.0.0.1:${port}`])
  expect(code).toBe(0)
  return stdout
}

test('a list: a state in words, what a disk makes of writes, and how far a recovery is', async () => {
  const stdout = await saidTo(['broker', 'list'], [broker, recovering, early])
  expect(stdout).toMatch(/^ +2 +default +up .* async 300 ms +0$/m)
  expect(stdout).toMatch(/^ +3 +default +recovering 4\/30 /m)
  expect(stdout).toMatch(/^ +4 +default +up /m)
})

test.each([
  [broker, [/77, release 0\.2\.0, started 2 min ago$/m, /^Last stop +with the machine/m, /^Loop held +12 ms at most/m]],
  [
    recovering,
    [/; another one started 2 min ago, and recovers its logs$/m, /^Recovery +4 of 30 logs open, 1\S* KiB of/m],
  ],
  [early, [/release 0\.2\.0$/m]],
])('one: since when it runs, and how it does', async (one, wanted) => {
  const stdout = await saidTo(['broker', 'describe', String(one.id)], [one])
  for (const each of wanted) expect(stdout).toMatch(each)
})

test.each([
  [[4096, 4096, 4096], '4 KiB'],
  [[4096, 1024, null], '4 KiB, 1 KiB, ?'],
  [[null, null, null], '-'],
])('replicas of %j bytes: %s', (sizes, shown) => {
  const replicas = sizes.map((bytes, index) => ({ broker: index + 1, end: 500 - 120 * index, bytes }))
  const partition = { partition: 0, leader: 1, leaderEpoch: 0, state: 'ok', missing: [], elr: [] }
  const topic = {
    ...{ name: 'orders', topicId: 'i', cluster: 'c', ackLevel: -1, replicationFactor: 3, minInsyncReplicas: 2 },
    ...{ configs: {}, labels: {}, owner: '', description: '', doubt: null, losses: [] },
    applied: { brokers: { current: 3, senders: 3 }, clients: { current: 0, senders: 0 } },
    partitions: [
      { ...partition, replicas: [1, 2, 3], isr: [1, 2, 3], offsets: { partition: 0, start: 0, end: 260, replicas } },
    ],
  } as unknown as TopicWithEnds
  const text = describedTopic(new MemoryOutput(undefined), topic)
  expect(text.trimEnd().split('\n').at(-1)).toMatch(
    new RegExp(` 0 +260 +500 \\(2: -120, 3: -240\\) +${shown.replace('?', '\\?')}$`),
  )
})
