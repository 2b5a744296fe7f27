// What Castle's API says of messages, against real brokers: Castle and two brokers in this process, on real sockets and disks.
import { produce } from '@castellan/protocol'
import { BatchBuilder } from '@castellan/protocol/records'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { KafkaClient } from '@castellan/sdk/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { InProcess } from './in-process.ts'

let platform: InProcess

interface Shown {
  readonly partition: number
  readonly offset: number
  readonly key: { readonly text?: string } | null
  readonly value: { readonly text?: string; readonly base64?: string; readonly truncated?: boolean } | null
}

const call = (...args: Parameters<InProcess['call']>) => platform.call(...args)
const read = async (topic: string, query: string) => (await call('GET', `/api/topics/${topic}/messages?${query}`)).value
const texts = (page: { items: Shown[] }) => page.items.map(({ value }) => value?.text)

async function topicWith(
  name: string,
  partitions: number,
  messages: readonly object[],
  more: object = {},
): Promise<void> {
  expect((await call('POST', '/api/topics', { name, partitions, ...more })).status).toBe(201)
  for (const message of messages) {
    await waitFor('the message to be written', async () => {
      const { status, value } = await call('POST', `/api/topics/${name}/messages`, message)
      if (status !== 201) throw new Error(value.detail)
      return true
    })
  }
}

/** What a person may not write through the API: batches of one's own making. */
async function writeRaw(name: string, values: readonly (string | Uint8Array)[], compression: 'none' | 'gzip') {
  const shown = (await call('GET', `/api/topics/${name}`)).value
  const [{ leader }] = shown.partitions
  const { items } = (await call('GET', '/api/brokers')).value
  const { host, port } = items.find(({ id }: { id: number }) => id === leader)
  const client = new KafkaClient(nodeRuntime(), { bootstrap: [{ host, port }], clientId: 'test' }, silentLogger)
  const builder = new BatchBuilder()
  for (const value of values) builder.append({ value, timestamp: 1_700_000_000_000 })
  const topicData = [
    { name, topicId: shown.topicId, partitionData: [{ index: 0, records: builder.build({ compression }) }] },
  ]
  const answer = await client.dispatch(produce, { transactionalId: null, acks: -1, timeoutMs: 5_000, topicData })
  client.close()
  expect(answer.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0 })
}

const numbered = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ value: { text: `m-${index}` }, ...more }))

beforeAll(async () => {
  platform = await InProcess.start(2)
})

afterAll(() => platform.stop())

describe('reading', () => {
  test('from the start, page after page, and on at the end', async () => {
    await topicWith('pages', 1, numbered(5))
    const first = await read('pages', 'limit=2')
    expect(first.items).toMatchObject([
      { partition: 0, offset: 0, key: null, value: { text: 'm-0' }, headers: [], valueBytes: 3, keyBytes: 0 },
      { offset: 1 },
    ])
    expect(first.items[0].timestamp).toMatch(/^20\d\d-.*Z$/)
    expect(first).toMatchObject({ scanned: [{ partition: 0, from: 0, to: 2, end: 5 }], complete: false, problem: null })
    const second = await read('pages', `limit=10&cursor=${first.next}`)
    expect(texts(second)).toEqual(['m-2', 'm-3', 'm-4'])
    expect(second).toMatchObject({ scanned: [{ from: 2, to: 5, end: 5 }], complete: true })
    const atEnd = await read('pages', `cursor=${second.next}`)
    expect(atEnd).toMatchObject({ items: [], complete: true })
    // Waiting there: what comes is shown as it comes.
    const waiting = read('pages', `cursor=${atEnd.next}&waitMs=5000`)
    await call('POST', '/api/topics/pages/messages', { value: { text: 'late' } })
    expect(texts(await waiting)).toEqual(['late'])
  })

  test('from latest, an offset, a time; of several partitions by time', async () => {
    await topicWith('where', 3, numbered(9))
    expect(texts(await read('where', 'from=latest&limit=3'))).toEqual(['m-6', 'm-7', 'm-8'])
    expect(texts(await read('where', ''))).toEqual(numbered(9).map(({ value }) => value.text))
    const { items } = await read('where', 'from=1')
    expect(items.every(({ offset }: Shown) => offset >= 1)).toBe(true)
    const { timestamp } = (await read('where', 'limit=5')).items[4]
    const since = texts(await read('where', `from=${timestamp}`))
    expect(since).toContain('m-8')
    expect(since).toContain('m-4')
    expect((await read('where', 'from=2100-01-01T00:00:00Z')).items).toEqual([])
    expect((await read('where', 'partition=1')).items.every(({ partition }: Shown) => partition === 1)).toBe(true)
    const newest = await read('where', 'from=latest&limit=1')
    const follow = read('where', `cursor=${newest.next}&waitMs=5000`)
    await call('POST', '/api/topics/where/messages', { partition: 2, value: { text: 'new' } })
    expect(texts(await follow)).toEqual(['new'])
  })

  test('only with a key, or a text; what was scanned is said all the same', async () => {
    await topicWith('filters', 1, [
      { key: { text: 'a' }, value: { text: 'apple' } },
      { key: { text: 'ab' }, value: { text: 'banana' } },
      { key: { text: 'b' }, value: { text: 'cherry' }, headers: [{ name: 'trace', value: { text: 't-1' } }] },
      { key: { text: 'a' }, value: null },
    ])
    expect((await read('filters', 'key=a')).items).toMatchObject([{ offset: 0 }, { offset: 3, value: null }])
    expect((await read('filters', 'key=&contains=an')).items).toMatchObject([{ offset: 1 }])
    expect((await read('filters', 'contains=cherry')).items).toMatchObject([
      { headers: [{ name: 'trace', value: { text: 't-1' } }], headersLeftOut: 0 },
    ])
    const nothing = await read('filters', 'contains=durian')
    expect(nothing).toMatchObject({ items: [], complete: true, scanned: [{ from: 0, to: 4, end: 4 }] })
  })

  test('bytes that are no text, long values, compressed batches, and a page that is full before its limit', async () => {
    await topicWith('bytes', 1, [{ value: { base64: '/wA=' } }])
    await writeRaw('bytes', ['x'.repeat(100_000), 'short'], 'gzip')
    const { items } = await read('bytes', '')
    expect(items).toMatchObject([{ value: { base64: '/wA=' } }, { valueBytes: 100_000 }, { value: { text: 'short' } }])
    expect(items[1].value.text).toHaveLength(65_536)
    expect(items[1].value.truncated).toBe(true)
    for (let i = 0; i < 3; i++) await writeRaw('bytes', Array(30).fill('y'.repeat(100_000)), 'gzip')
    const page = await read('bytes', 'from=3&limit=500')
    expect(page.items.length).toBeGreaterThan(30)
    expect(page.items.length).toBeLessThan(90)
    expect(page.complete).toBe(false)
    const rest = await read('bytes', `cursor=${page.next}&limit=500`)
    expect(page.items.length + rest.items.length).toBe(90)
  })

  test('a batch that decompresses to too much is said, and what follows is shown', async () => {
    await topicWith('bomb', 1, [{ value: { text: 'before' } }])
    await writeRaw('bomb', [new Uint8Array(17 * 1024 * 1024)], 'gzip')
    await call('POST', '/api/topics/bomb/messages', { value: { text: 'after' } })
    const page = await read('bomb', '')
    expect(texts(page)).toEqual(['before', 'after'])
    expect(page.unreadable).toMatchObject([{ partition: 0, from: 1, to: 2, why: expect.stringContaining('more than') }])
    expect(page.complete).toBe(true)
  })

  test('a topic made anew is another: its cursor does not go on there', async () => {
    await topicWith('anew', 1, numbered(1))
    const { next } = await read('anew', '')
    await call('DELETE', '/api/topics/anew')
    await call('POST', '/api/topics', { name: 'anew' })
    expect(await read('anew', `cursor=${next}`)).toMatchObject({ status: 400, code: 'CURSOR_WRONG' })
  })

  test.each([
    ['partition=9', 404, 'PARTITION_UNKNOWN'],
    ['from=soon', 400, 'REQUEST_WRONG'],
    ['limit=501', 400, 'REQUEST_WRONG'],
    ['waitMs=5001', 400, 'REQUEST_WRONG'],
    ['cursor=x', 400, 'CURSOR_WRONG'],
  ])('%s is refused', async (query, status, code) => {
    expect(await read('pages', query)).toMatchObject({ status, code })
  })

  test('many partitions are read one at a time', async () => {
    await call('POST', '/api/topics', { name: 'wide', partitions: 257 })
    expect(await read('wide', '')).toMatchObject({ status: 400, code: 'PARTITION_NEEDED', params: { limit: 256 } })
    await waitFor('the partition to be there', async () => (await read('wide', 'partition=256')).complete)
  })

  test('whoever goes away is waited for no longer', async () => {
    const { next } = await read('pages', 'from=latest')
    // More than may read at a time: those that were left behind would fill the places.
    for (let i = 0; i < 40; i++) {
      const controller = new AbortController()
      const asked = fetch(`${platform.castle.url}/api/topics/pages/messages?cursor=${next}&waitMs=5000`, {
        signal: controller.signal,
      })
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      await expect(asked).rejects.toThrow()
    }
    await waitFor('their places', async () => (await read('pages', 'limit=1')).items !== undefined, 3_000)
  })
})

describe('writing', () => {
  test('goes where it is said to go, or by its key as all clients do', async () => {
    await topicWith('written', 4, [])
    const write = (body: object) => call('POST', '/api/topics/written/messages', body)
    await waitFor(
      'partitions to have leaders',
      async () => (await write({ partition: 3, value: { text: 'a' } })).status === 201,
    )
    const first = await write({ key: { text: 'o-42' }, value: { text: 'b' } })
    const second = await write({ key: { text: 'o-42' }, value: { text: 'c' } })
    expect(second.value).toEqual({ ...second.value, partition: first.value.partition, offset: first.value.offset + 1 })
    expect(Date.parse(second.value.timestamp)).toBeGreaterThan(1_700_000_000_000)
  })

  test('twice with one key is once', async () => {
    await topicWith('once', 1, numbered(1))
    const headers = { 'idempotency-key': 'w-1' }
    const body = { value: { text: 'once' } }
    const [first, second] = [
      await call('POST', '/api/topics/once/messages', body, headers),
      await call('POST', '/api/topics/once/messages', body, headers),
    ]
    expect(second).toEqual(first)
    expect((await call('GET', '/api/topics/once/offsets')).value).toMatchObject({
      items: [{ partition: 0, start: 0, end: 2, replicas: [{ end: 2, bytes: expect.any(Number) }, { end: 2 }] }],
      problem: null,
    })
  })

  test.each([
    ['__consumer_offsets', { value: null }, 409, 'TOPIC_INTERNAL'],
    ['pages', { partition: 1 }, 404, 'PARTITION_UNKNOWN'],
    ['pages', { value: { base64: 'x' } }, 400, 'REQUEST_WRONG'],
    ['pages', { value: 'text' }, 400, 'REQUEST_WRONG'],
    ['pages', { value: { text: 'x'.repeat(1_100_000) } }, 413, 'MESSAGE_TOO_LARGE'],
    ['pages', { value: { text: 'x'.repeat(2_200_000) } }, 413, 'REQUEST_WRONG'],
    ['none', {}, 404, 'TOPIC_UNKNOWN'],
  ])('to %s is refused', async (topic, body, status, code) => {
    expect((await call('POST', `/api/topics/${topic}/messages`, body)).value).toMatchObject({ status, code })
  })

  test('at Ack 0 the offset is told all the same', async () => {
    await topicWith('ack-0', 1, numbered(1), { ackLevel: 0 })
    const { value } = await call('POST', '/api/topics/ack-0/messages', { value: { text: 'a' } })
    expect(value).toMatchObject({ partition: 0, offset: 1 })
  })
})

// Last: a broker stays down.
test('a broker that is down costs its partitions, which is said; the others are read', async () => {
  const halves = [
    { partition: 0, value: { text: 'a' } },
    { partition: 1, value: { text: 'b' } },
  ]
  await topicWith('halves', 2, halves, { replicationFactor: 1 })
  const plan = await call('DELETE', '/api/topics/halves?dryRun=true')
  expect(plan.value).toMatchObject({ messages: 2, partitions: 2 })
  const { partitions } = (await call('GET', '/api/topics/halves')).value
  const lost = partitions.findIndex(({ leader }: { leader: number }) => leader === 2)
  await platform.brokers[1]?.stop()
  await waitFor(
    'the broker to be down',
    async () => (await call('GET', '/api/health')).value.clusters[0].brokersUp === 1,
  )
  const offsets = (await call('GET', '/api/topics/halves/offsets')).value
  const replicas = (broker: number, end: number | null) => [
    { broker, end, bytes: end === null ? null : expect.any(Number) },
  ]
  expect(offsets.items[lost]).toEqual({ partition: lost, start: null, end: null, replicas: replicas(2, null) })
  expect(offsets.items[1 - lost]).toEqual({ partition: 1 - lost, start: 0, end: 1, replicas: replicas(1, 1) })
  expect(offsets.problem).toContain(`halves/${lost}`)
  const page = await read('halves', '')
  expect(page).toMatchObject({ complete: false, problem: expect.stringContaining(`halves/${lost}`) })
  expect(page.items).toHaveLength(1)
  expect(page.scanned[lost]).toEqual({ partition: lost, from: 0, to: 0, end: null })
  const write = await call('POST', '/api/topics/halves/messages', { partition: lost, value: { text: 'c' } })
  expect(write.value).toMatchObject({ status: 503, code: 'NO_LEADER' })
  expect((await call('DELETE', '/api/topics/halves?dryRun=true')).value.messages).toBeNull()
})
