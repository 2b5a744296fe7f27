import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CastellanError, errorKinds, isRetriable, messageOf, refusal } from './errors.ts'

test('every error of the table can happen, and says in a sentence what to do next', () => {
  // Those of connections come from the client that brokers use, too.
  const folders = [import.meta.dirname, join(import.meta.dirname, '..', 'protocol', 'client')]
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(
        (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/node_modules|testing|^errors\.ts$/.test(file),
      )
      .map((file) => join(folder, file)),
  )
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  for (const [code, { why, next }] of Object.entries(errorKinds)) {
    expect(code === 'REFUSED' || text.includes(`'${code}'`), code).toBe(true)
    for (const sentence of [why, next]) expect(sentence).toMatch(/^[A-Z].*\.$/)
  }
})

test("a broker's refusal keeps Kafka's code and what Kafka says of retrying", () => {
  const refused = refusal('Fetch', 29, 'no access')
  expect(refused).toMatchObject({
    code: 'REFUSED',
    kafkaCode: 29,
    retriable: false,
    message: 'Fetch: TOPIC_AUTHORIZATION_FAILED (no access)',
  })
  expect(refusal('Fetch', 6)).toMatchObject({ kafkaCode: 6, retriable: true })
  expect(refusal('Fetch', 9_999)).toMatchObject({
    kafkaCode: 9_999,
    retriable: false,
    message: expect.stringContaining('9999'),
  })
})

test('trouble of ours', () => {
  const cause = new Error('ECONNRESET')
  const error = new CastellanError('CONNECTION_LOST', 'gone', { cause })
  expect(error).toMatchObject({
    name: 'CastellanError',
    code: 'CONNECTION_LOST',
    retriable: true,
    kafkaCode: null,
    cause,
  })
  expect([isRetriable(error), isRetriable(cause), isRetriable(new CastellanError('CLOSED', 'closed'))]).toEqual([
    true,
    false,
    false,
  ])
})

test.each<[string, unknown, string]>([
  ['an error', new Error('gone'), 'gone'],
  ['a text', 'gone', 'gone'],
  ['nothing', undefined, 'undefined'],
  ['an object', { status: 503 }, '{ status: 503 }'],
  ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
  ['an error whose message is an object', Object.assign(new Error(), { message: { status: 503 } }), '{ status: 503 }'],
  [
    'an error whose code throws',
    Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('even this')
      },
    }),
    'an error that cannot be shown',
  ],
])('whatever was thrown has a message: %s', (_, thrown, text) => {
  expect(messageOf(thrown)).toBe(text)
})
