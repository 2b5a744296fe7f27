// What `status` and `group describe` say where something is wrong; where nothing is, test/e2e/command-line.test.ts asks a real one.
import { createServer, type Server } from 'node:http'
import type { GroupView } from '@castellan/castle/views'
import { afterEach, expect, test } from 'vitest'
import { runHere } from '../testing/memory-io.ts'

let server: Server | undefined

afterEach(() => server?.close())

const broker = { cluster: 'default', host: 'h', port: 1, rack: null, why: 'x', leaders: 1, replicas: 1, faults: [] }
const problem = { harm: 1, cluster: 'default', since: new Date().toISOString(), about: ['broker/2'] }

const stuckGroup: GroupView = {
  ...{ group: 'g', cluster: 'default', coordinator: 1, groupEpoch: 2, members: [], assignment: null, offsets: [] },
  offsetsProblem: 'the brokers did not tell',
  stuck: [
    {
      ...{
        topic: 'orders',
        topicId: 'i',
        partition: 3,
        offset: 1200,
        attempts: 37,
        error: 'boom\u001b[2J',
        client: 'c',
      },
      since: new Date(Date.now() - 200_000).toISOString(),
    },
  ],
}

/** Answers as Castle does. */
async function castleWith(problems: readonly object[], states: readonly string[] = ['up']): Promise<string> {
  const answers: Record<string, object> = {
    '/api/health': {
      release: '0.1.0',
      uptimeMs: 5_000,
      castleEpoch: 1,
      clusters: [{ id: 'default', brokers: 2, brokersUp: 1, leaderless: 3 }],
    },
    '/api/brokers': { items: states.map((state, id) => ({ ...broker, id, state, since: problem.since })), next: null },
    '/api/problems': { items: problems, next: null },
    '/api/groups/g': stuckGroup,
  }
  const listening = createServer(({ url = '' }, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(answers[url.split('?')[0] ?? '']))
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

test.each([
  ['broker-down', 'BROKER_DOWN', { broker: 2, host: 'h', port: 9, why: 'silent' }, 'broker 2 (h:9) is down: silent'],
  [
    'broker-down',
    'BROKER_DOWN',
    { broker: 2, host: 'h', port: 9, why: 'silent', logs: 9, opened: 4 },
    'broker 2 (h:9) is down: silent; it is back, and recovers its logs: 4 of 9 open',
  ],
  [
    'leaderless',
    'PARTITIONS_LEADERLESS',
    { partitions: 3, topics: 1, examples: 'orders' },
    '3 partitions of 1 topic have no leader (orders)',
  ],
  [
    'stuck',
    'PARTITION_STUCK',
    { group: 'g', topic: 'orders', topicId: 'i', partition: 3, offset: 1200, attempts: 37, error: 'boom', client: 'c' },
    'group g is stuck at orders/3 offset 1200, 37 attempts: boom',
  ],
  [
    'log-fault',
    'LOG_OUT_OF_USE',
    { broker: 1, topic: null, topicId: 'i', partition: 0, fault: 'crc' },
    'i/0 is out of use at broker 1: crc',
  ],
  [
    'client-behind',
    'CLIENTS_BEHIND',
    { clients: 2, examples: 'a, b' },
    '2 clients heartbeat, but do not follow what changed (a, b)',
  ],
  [
    'below-min-isr',
    'PARTITIONS_BELOW_MIN_ISR',
    { partitions: 1, topics: 1, examples: 'orders' },
    '1 partition of 1 topic have fewer replicas in sync than min.insync.replicas (orders): Ack -1 is refused',
  ],
  [
    'under-replicated',
    'PARTITIONS_UNDER_REPLICATED',
    { partitions: 6, topics: 2, examples: 'a, b' },
    '6 partitions of 2 topics have a replica out of sync (a, b): castellan topic describe says which and why',
  ],
  [
    'in-doubt',
    'TOPICS_IN_DOUBT',
    { topics: 1, examples: 'orders', brokers: '7' },
    "1 topic in doubt (orders), for Castle's store went back in time: not yet heard of broker 7",
  ],
  [
    'recovering',
    'BROKER_RECOVERING',
    { broker: 2, logs: 9, opened: 4 },
    "broker 2, which Castle's store does not know, recovers its logs: 4 of 9 open; it registers when all are",
  ],
  [
    'in-doubt',
    'TOPICS_FORGOTTEN',
    { topics: 2, brokers: '7' },
    "broker 7 knows 2 topics that Castle's store forgot, and has not told of yet: no topic is made meanwhile",
  ],
  [
    'refused',
    'TOPIC_REFUSED',
    { topic: 'orders', topicId: 'i', why: 'name-taken', brokers: '1, 2' },
    'topic orders (i) of broker 1, 2 was not taken over, for another topic has its name: its logs stay, as strays',
  ],
  [
    'lost',
    'MESSAGES_LOST',
    { topic: 'orders', elections: 1, messagesMax: null },
    '1 election of topic orders may have lost an unknown number of acknowledged messages',
  ],
  ['new', 'SOMETHING_NEW', { a: 1 }, 'SOMETHING_NEW: a 1'],
])('%s: exit code 1, and a sentence', async (kind, what, params, sentence) => {
  const castle = await castleWith([{ ...problem, kind, what, params }])
  const { code, stdout } = await runHere(['status', '--castle', castle])
  expect(code).toBe(1)
  expect(stdout).toContain(sentence)
  expect(stdout).toContain('1 of 2 brokers up, 3 partitions without a leader')
  expect(JSON.parse((await runHere(['status', '--json', '--castle', castle])).stdout)).toMatchObject({
    ok: false,
    problems: [{ what }],
  })
})

test('a broker that is down is bad news even where Castle has no problem of it yet', async () => {
  const { code, stdout } = await runHere(['status', '--castle', await castleWith([], ['up', 'down'])])
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('Not all brokers are up.') })
})

test('where a group is stuck, since when, and why', async () => {
  const { code, stdout } = await runHere(['group', 'describe', 'g', '--castle', await castleWith([])])
  expect(code).toBe(0)
  expect(stdout).toContain('the brokers did not tell')
  expect(stdout).toMatch(/^STUCK AT +OFFSET +SINCE +ATTEMPTS +ERROR\norders\/3 +1200 +3 min +37 +boom\\e\[2J$/m)
})

test('what is no Castle is called so', async () => {
  const listening = createServer((_, response) => response.end('<html>'))
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as { port: number }
  const ran = await runHere(['status', '--castle', `http://127.0.0.1:${port}`])
  expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining('is no Castle') })
})
