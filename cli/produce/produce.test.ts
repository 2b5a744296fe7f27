import { Readable } from 'node:stream'
import type { Producer, Sent } from '@castellan/sdk'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { messageOfJson } from './json-line.ts'
import { lines } from './lines.ts'
import { progressText } from './progress.ts'
import { Sending } from './sending.ts'
import { sourceOf } from './sources.ts'

describe('lines', () => {
  test('come out of any chunks as they went in', async () => {
    const text = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (given, chunkBytes) => {
        const wanted = given.map((line) => Buffer.from(line.filter((byte) => byte !== 10)))
        const all = Buffer.concat(wanted.map((line) => Buffer.concat([line, Buffer.from('\n')])))
        const chunks = Array.from({ length: Math.ceil(all.length / chunkBytes) }, (_, at) =>
          all.subarray(at * chunkBytes, (at + 1) * chunkBytes),
        )
        expect(await collected(lines(Readable.from(chunks), 100))).toEqual(wanted)
      }),
    )
  })

  test('a last line without its end counts; one without end is refused before it is read', async () => {
    expect((await collected(lines(Readable.from([Buffer.from('a\n\nb')]), 100))).map(String)).toEqual(['a', '', 'b'])
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.from('x'.repeat(60))
      })(),
    )
    await expect(collected(lines(endless, 100))).rejects.toThrow('Line 1 is longer than 100 bytes')
  })
})

describe('a line of JSON', () => {
  test.each([
    ['{}', { key: null, value: null, headers: {} }],
    ['{"value":"v","key":"k"}', { key: 'k', value: 'v', headers: {} }],
    ['{"value":{"base64":"/wA="}}', { key: null, value: Buffer.from([255, 0]), headers: {} }],
    ['{"value":{"base64":"no base64!"}}', { key: null, value: '{"base64":"no base64!"}', headers: {} }],
    ['{"value":[1,2]}', { key: null, value: '[1,2]', headers: {} }],
    ['{"value":7}', { key: null, value: '7', headers: {} }],
    ['{"headers":{"a":["1",null]}}', { key: null, value: null, headers: { a: ['1', null] } }],
    ['{"value":{"id":9007199254740993,"x":1.0}}', { key: null, value: '{"id":9007199254740993,"x":1.0}', headers: {} }],
    ['{"value":1e400}', { key: null, value: '1e400', headers: {} }],
    ['{"partition":3,"timestamp":5}', { key: null, value: null, headers: {}, partition: 3, timestampMs: 5 }],
    ['{"timestamp":"1970-01-01T00:00:01Z"}', { key: null, value: null, headers: {}, timestampMs: 1_000 }],
    ['{"topic":"x","offset":9,"partition":null,"timestamp":null}', { key: null, value: null, headers: {} }],
  ])('%s', (line, message) => {
    expect(messageOfJson(line)).toEqual(message)
  })

  test.each([
    ['{"value":', 'it is no JSON'],
    ['7', 'it is no JSON object'],
    ['null', 'it is no JSON object'],
    ['{"velue":1}', "there is no field 'velue': known are key, value"],
    ['{"key":7}', 'key must be a text, null, or {"base64":"..."}'],
    ['{"value":"\\ud800"}', 'value has half a character'],
    ['{"headers":[]}', 'headers must be an object'],
    ['{"headers":{"a":1}}', 'header a must be a text'],
    ['{"partition":-1}', 'partition must be a whole number'],
    ['{"partition":"1"}', 'partition must be a whole number'],
    ['{"timestamp":"soon"}', 'timestamp must be ISO 8601'],
    ['{"timestamp":1.5}', 'timestamp must be ISO 8601'],
  ])('%s is refused', (line, why) => {
    expect(() => messageOfJson(line)).toThrow(why)
  })
})

test('bytes that are no text are no JSON, rather than other bytes', () => {
  expect(() => messageOfJson(Buffer.from('7b2276616c7565223a22ff227d', 'hex'))).toThrow('it is no UTF-8')
})

test('Ctrl-C in the middle of a line sends no half of it', async () => {
  const stop = new AbortController()
  const stdin = new Readable({ read() {} })
  stdin.push('one\ntw')
  const items = sourceOf({ shape: 'lines', files: [], separator: undefined, stdin }).items(stop.signal)
  expect(await items.next()).toMatchObject({ value: { where: 'line 1' } })
  const next = items.next()
  stop.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})

test('what became of a message is told when it is known, in order, and not at the end', async () => {
  const answers: ((sent: Sent) => void)[] = []
  const producer = { send: () => new Promise((resolve) => answers.push(resolve)) } as unknown as Producer
  const told: string[] = []
  const sending = new Sending(producer, async ({ where }) => void told.push(where))
  for (const where of ['line 1', 'line 2', 'line 3']) await sending.send(where, 1, { topic: 't', value: '' })
  answers[1]?.({} as Sent)
  answers[0]?.({} as Sent)
  await expect.poll(() => told).toEqual(['line 1', 'line 2'])
  expect(sending.underway).toBe(1)
  answers[2]?.({} as Sent)
  await sending.finish()
  expect(told).toEqual(['line 1', 'line 2', 'line 3'])
})

test('a separator may be longer than a character, and is not looked for in what follows the first', async () => {
  const stdin = Readable.from([Buffer.from('a=>b=>c\nnone\n')])
  const source = sourceOf({ shape: 'lines', files: [], separator: '=>', stdin })
  expect(source.bytes).toBeUndefined()
  expect(await collected(source.items(new AbortController().signal))).toEqual([
    { where: 'line 1', bytes: 8, content: { key: Buffer.from('a'), value: Buffer.from('b=>c') } },
    { where: 'line 2', bytes: 5, content: { problem: "it has no '=>' between key and value" } },
  ])
})

test.each([
  [{ sent: 1_500, failed: 0, bytes: 1_536 }, 1_000, undefined, '1,500 messages, 1,500/s, 1.5 KiB'],
  [
    { sent: 1, failed: 2, bytes: 512 },
    0,
    1_024,
    '[############------------]  50 %  1 message, 2 failed, 0/s, 512 B of 1 KiB',
  ],
  [
    { sent: 4, failed: 0, bytes: 2_048 },
    2_000,
    1_024,
    '[########################] 100 %  4 messages, 2/s, 2 KiB of 1 KiB',
  ],
])('progress %#', (progressed, elapsedMs, total, text) => {
  expect(progressText(progressed, elapsedMs, total)).toBe(text)
})

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
