import { request, type ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { nodeRuntime } from '@castellan/protocol/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestApi, until } from '../testing/api.ts'
import { Problems } from '../views/problems.ts'
import { namesIn, StreamServer } from './stream.ts'

let api: TestApi

beforeAll(async () => {
  api = await TestApi.start()
  await api.startBrokers(1)
})
afterAll(() => api.stop())

/** A connection that takes nothing. */
class Deaf extends Writable {
  writeHead(): void {}
  override _write(): void {}
}

/** A page: every event of its stream. */
async function open(subjects: string, headers: Record<string, string> = {}) {
  const events: { event: string; data: { subject?: string; version?: number } }[] = []
  const controller = new AbortController()
  const url = `${api.url}/api/stream?subjects=${encodeURIComponent(subjects)}`
  const response = await fetch(url, { signal: controller.signal, headers })
  const reading = (async () => {
    let rest = ''
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + Buffer.from(chunk).toString()).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const found = /^event: (.*)\ndata: (.*)$/.exec(block)
        if (found !== null) events.push({ event: found[1] ?? '', data: JSON.parse(found[2] ?? '') })
      }
    }
  })().catch(() => undefined)
  const changes = (subject: string) =>
    events.flatMap((each) => (each.data.subject === subject ? [each.data.version] : []))
  return { response, events, changes, close: () => controller.abort(), reading }
}

describe('a stream', () => {
  test('begins with the version of each subject and a beat, and tells what changes', async () => {
    const page = await open('topics,topic/c/streamed,brokers,decisions,problems,clients,client/streaming')
    expect(page.response.headers.get('content-type')).toBe('text/event-stream')
    await until(() => page.events.length >= 8, 'the beginning')
    // What changes right after, a problem that was found or is over, is told behind it.
    expect(page.events.slice(0, 8).map(({ event }) => event)).toEqual([...Array(7).fill('change'), 'beat'])
    expect(page.events[7]?.data).toEqual({ castleEpoch: api.castle.castleEpoch, wallMs: expect.any(Number) })
    await api.call('POST', '/api/topics', { name: 'streamed' })
    await until(() => page.changes('topics').length > 1, 'the list changed')
    await until(() => page.changes('topic/c/streamed').length > 1, 'the topic changed')
    await until(() => page.changes('decisions').length > 1, 'a decision was taken')
    expect(page.changes('clients')).toHaveLength(1)
    const client = await api.startClient('streaming', { topics: ['streamed'] })
    await until(() => page.changes('client/streaming').length > 1, 'the client came')
    await until(() => page.changes('clients').length > 1, 'the list changed')
    await until(() => page.events.filter(({ event }) => event === 'beat').length > 2, 'it beats')
    await client.sender.stop()
    page.close()
    await until(() => !api.castle.hub.isWatched, 'nobody watches')
  })

  test('a problem that comes is told', async () => {
    const page = await open('problems')
    await until(() => page.changes('problems').length >= 1, 'the beginning')
    const stuck = [
      {
        topicId: '11111111-1111-4111-8111-111111111111',
        partition: 0,
        offset: 1,
        sinceMs: 1,
        attempts: 1,
        error: 'boom',
      },
    ]
    const group = { group: 'g', memberId: 'm', memberEpoch: 1, assigned: {}, stuck }
    const client = await api.startClient('in-trouble', { groups: [group] })
    await until(() => page.changes('problems').length > 1, 'the problem')
    await client.sender.stop()
    // Left open: Castle does not wait for it when it stops.
  })

  test('there are so many at a time, and no more', async () => {
    const streams = new StreamServer(api.castle, nodeRuntime().clock, new Problems(api.castle, nodeRuntime().clock))
    const open = () => {
      const reader = new Deaf()
      streams.open(reader as unknown as ServerResponse, 'topics')
      return reader
    }
    const readers = Array.from({ length: 200 }, open)
    expect(open).toThrow(expect.objectContaining({ code: 'BUSY' }))
    readers[0]?.destroy()
    await until(() => streams.count === 199, 'one is gone')
    expect(open).not.toThrow()
    streams.close()
    expect(streams.count).toBe(0)
  })

  test('a reader that does not read is cut off', async () => {
    const deaf = new Deaf()
    const before = api.castle.hub.isWatched
    const names = Array.from({ length: 90 }, (_, index) => `client/${'x'.repeat(900)}${index}`)
    const streams = new StreamServer(api.castle, nodeRuntime().clock, new Problems(api.castle, nodeRuntime().clock))
    streams.open(deaf as unknown as ServerResponse, names.join())
    expect(deaf.destroyed).toBe(true)
    expect(deaf.writableLength).toBeLessThan(70_000)
    await until(() => streams.count === 0, 'the stream is gone')
    expect(api.castle.hub.isWatched).toBe(before)
    streams.close()
  })

  test('pages of other sites get none', async () => {
    expect((await open('topics', { origin: 'http://evil.example' })).response.status).toBe(403)
    // fetch sets this header itself.
    const status = await new Promise((resolve, reject) => {
      const headers = { 'sec-fetch-site': 'cross-site' }
      const asked = request(`${api.url}/api/stream?subjects=topics`, { headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject).end()
    })
    expect(status).toBe(403)
  })
})

test('subjects are named one by one, encoded where they have commas', () => {
  expect([...namesIn('topics,group/c/a%2Cb,client/x%25')]).toEqual([
    ['topics', 'topics'],
    ['group/c/a,b', 'group/c/a%2Cb'],
    ['client/x%', 'client/x%25'],
  ])
})

test.each(['', 'weather', 'topic/c', 'topics,', 'client/', 'client/%', Array(101).fill('topics').join()])(
  'subjects=%s is refused',
  (subjects) => {
    expect(() => namesIn(subjects)).toThrow(expect.objectContaining({ code: 'REQUEST_WRONG' }))
  },
)
