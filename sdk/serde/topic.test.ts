import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { CastellanError } from '../errors.ts'
import { Message } from '../kafka/message.ts'
import type { OutgoingMessage } from '../producer/types.ts'
import type { StandardSchema } from './schema.ts'
import { type Serde, serdes } from './serde.ts'
import { type AnyTopic, type MessageOf, topic } from './topic.ts'

const bytesOf = (text: string | null) => (text === null ? null : Buffer.from(text))

function messageOf(value: string | Uint8Array | null, key: string | null = null, name = 'orders'): Message {
  const record = {
    offset: 7,
    timestamp: 1_000,
    key: bytesOf(key),
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: [{ key: 'trace', value: Buffer.from('t-1') }],
  }
  return new Message({ topic: name, topicId: 'id', partition: 3 }, 0, record)
}

function errorOf(call: () => unknown): CastellanError {
  try {
    call()
  } catch (error) {
    return error as CastellanError
  }
  throw new Error('nothing was thrown')
}

const schemas: [string, StandardSchema<{ id: number; items: { price: number }[] }>][] = [
  ['zod', z.object({ id: z.number(), items: z.array(z.object({ price: z.number() })) })],
  ['valibot', v.object({ id: v.number(), items: v.array(v.object({ price: v.number() })) })],
  ['arktype', type({ id: 'number', items: type({ price: 'number' }).array() })],
]

describe.each(schemas)('a schema of %s', (_, schema) => {
  const orders = topic('orders', { schema })

  test('what fits is stored as JSON and read again, with its key and headers', () => {
    const stored = orders.encode('o-1', { id: 1, items: [{ price: 2 }] })
    expect(stored).toEqual({ key: 'o-1', value: '{"id":1,"items":[{"price":2}]}' })
    const message = orders.decode(messageOf(stored.value, 'o-1'))
    expect(message).toMatchObject({ topic: 'orders', partition: 3, offset: 7, key: 'o-1', timestampMs: 1_000 })
    expect(message.value).toEqual({ id: 1, items: [{ price: 2 }] })
    expect(message.header('trace')).toBe('t-1')
  })

  test('what does not fit is refused, with where and why', () => {
    const wrong = { id: 'one', items: [{ price: 2 }, { price: 'much' }] } as never
    const error = errorOf(() => orders.encode(null, wrong))
    expect(error).toMatchObject({ code: 'VALUE_REFUSED', retriable: false, maybeWritten: false })
    expect(error.issues.map(({ path }) => path)).toEqual(['id', 'items[1].price'])
    for (const { message } of error.issues) expect(message).toMatch(/number/)
    expect(error.message).toContain('items[1].price: ')
  })

  test('what is read is checked too', () => {
    const error = errorOf(() => orders.decode(messageOf('{"id":1,"items":[{}]}')))
    expect(error).toMatchObject({ code: 'MESSAGE_UNDECODABLE', issues: [{ path: 'items[0].price' }] })
    expect(error.message).toContain('orders/3 offset 7')
    for (const bad of ['{', '', null, Uint8Array.of(0xff)]) {
      expect(errorOf(() => orders.decode(messageOf(bad))).code).toBe('MESSAGE_UNDECODABLE')
    }
  })
})

describe('what is stored is what was given; transforms and defaults run where it is read', () => {
  const schema = z.object({ at: z.coerce.date(), count: z.number().default(1), name: z.string().trim() })
  const visits = topic('visits', { schema })

  test('so the same schema reads it', () => {
    const { value } = visits.encode(null, { at: new Date(0), name: ' Ann ' })
    expect(value).toBe('{"at":"1970-01-01T00:00:00.000Z","name":" Ann "}')
    expect(visits.decode(messageOf(value)).value).toEqual({ at: new Date(0), count: 1, name: 'Ann' })
  })

  test.each<[string, StandardSchema, unknown]>([
    ['a Date', z.object({ at: z.date() }), { at: new Date(0) }],
    ['a Map', z.object({ at: z.map(z.string(), z.string()) }), { at: new Map([['a', 'b']]) }],
    ['infinity', v.object({ at: v.pipe(v.number(), v.minValue(0)) }), { at: Number.POSITIVE_INFINITY }],
  ])('and %s, which JSON would change, is refused before it is sent', (_, given, value) => {
    const error = errorOf(() => topic('t', { schema: given }).encode(null, value))
    expect(error).toMatchObject({ code: 'VALUE_REFUSED', issues: [{ path: 'at' }] })
  })
})

describe('what cannot be stored or checked', () => {
  const promised = z.string().refine(async () => true)
  const serde = (given: object) => ({ ...serdes.json<unknown>(), ...given }) as Serde<unknown>
  const throws = () => {
    throw new Error('no idea')
  }
  const later = () => Promise.reject(new Error('nobody hears this'))

  test.each([
    ['a BigInt', topic('t', { value: serdes.json() }), 5n, 'SERDE_FAILED', /BigInt/],
    ['a function', topic('t', { value: serdes.json() }), throws, 'SERDE_FAILED', /a function is no JSON/],
    ['a number as text', topic('t', { value: serdes.string }), 5, 'SERDE_FAILED', /a number is no string/],
    ['a text as bytes', topic('t', { value: serdes.bytes }), 'x', 'SERDE_FAILED', /a string is no Uint8Array/],
    ['what a serde gives', topic('t', { value: serde({ serialize: () => 5 }) }), 1, 'SERDE_FAILED', /gave a number/],
    ['a serde that throws', topic('t', { value: serde({ serialize: throws }) }), 1, 'SERDE_FAILED', /no idea/],
    ['a serde that promises', topic('t', { value: serde({ serialize: later }) }), 1, 'SERDE_FAILED', /a promise/],
    ['a schema that promises', topic('t', { schema: promised }), 'x', 'SCHEMA_ASYNC', /zod.*promise/],
    [
      'a schema that throws',
      topic('t', { schema: v.pipe(v.string(), v.check(throws)) }),
      'x',
      'VALUE_REFUSED',
      /no idea/,
    ],
    ['one of zod that throws', topic('t', { schema: z.string().transform(throws) }), 'x', 'SCHEMA_ASYNC', /own code/],
  ] as [string, AnyTopic, unknown, string, RegExp][])('%s', (_, to, value, code, message) => {
    expect(errorOf(() => to.encode(null as never, value as never))).toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test('a serde that fails to read', () => {
    const broken = topic('t', { value: serde({ deserialize: throws }) })
    const waits = topic('t', { value: serde({ deserialize: later }) })
    expect(errorOf(() => broken.decode(messageOf('1'))).message).toContain('no idea')
    expect(errorOf(() => waits.decode(messageOf('1'))).message).toContain('promise')
    expect(errorOf(() => topic('t', { schema: promised }).decode(messageOf('"x"')))).toMatchObject({
      code: 'MESSAGE_UNDECODABLE',
      cause: { code: 'SCHEMA_ASYNC' },
    })
  })

  test('a key that is no UTF-8 is not turned into question marks', () => {
    const texts = topic('t', { value: serdes.string })
    const bytes = topic('t', { value: serdes.string, key: serdes.bytes })
    const raw = Object.assign(messageOf('v'), { key: Uint8Array.of(0xff) })
    expect(errorOf(() => texts.decode(raw)).message).toContain('the key of topic')
    expect(bytes.decode(raw).key).toEqual(Uint8Array.of(0xff))
  })
})

test('null is no value, in every serde; a schema decides whether it may be', () => {
  for (const serde of [serdes.string, serdes.bytes, serdes.json<null>()]) {
    const values = topic('t', { value: serde as Serde<null> })
    expect(values.encode(null, null).value).toBeNull()
    expect(values.decode(messageOf(null)).value).toBeNull()
  }
  const strict = topic('t', { schema: z.object({}) })
  expect(errorOf(() => strict.encode(null, null as never)).code).toBe('VALUE_REFUSED')
  expect(topic('t', { schema: z.object({}).nullable() }).encode('gone', null)).toEqual({ key: 'gone', value: null })
})

test('options that are wrong are named', () => {
  const make = topic as (...given: unknown[]) => AnyTopic
  expect(errorOf(() => make('', { schema: z.string() })).message).toContain('name')
  expect(errorOf(() => make('t', {})).message).toContain("give 'schema'")
  expect(errorOf(() => make('t', { schema: {} })).message).toContain('Standard Schema')
  expect(errorOf(() => make('t', { value: JSON })).message).toContain('serde')
  expect(errorOf(() => make('t', { schem: z.string() })).message).toContain("'schem'")
})

test('the types follow from the schema', () => {
  const visits = topic('visits', { schema: z.object({ at: z.coerce.date(), count: z.number().default(1) }) })
  const prices = topic('prices', { schema: v.object({ id: v.pipe(v.string(), v.transform(Number)) }) })
  const names = topic('names', { schema: type({ name: 'string' }), key: serdes.json<number>() })
  const plain = topic('plain', { value: serdes.string })
  expectTypeOf<MessageOf<typeof visits>['value']>().toEqualTypeOf<{ at: Date; count: number }>()
  expectTypeOf<MessageOf<typeof visits>['key']>().toEqualTypeOf<string | null>()
  expectTypeOf<MessageOf<typeof prices>['value']>().toEqualTypeOf<{ id: number }>()
  expectTypeOf<MessageOf<typeof names>['key']>().toEqualTypeOf<number>()
  expectTypeOf<MessageOf<typeof plain>['value']>().toEqualTypeOf<string | null>()
  expectTypeOf<MessageOf<'raw'>>().toExtend<Message>()

  // Several topics: told apart by their name.
  const read = (message: MessageOf<typeof visits | typeof prices>) => {
    if (message.topic === 'visits') expectTypeOf(message.value.at).toEqualTypeOf<Date>()
    else expectTypeOf(message.value.id).toEqualTypeOf<number>()
  }
  expectTypeOf(read).parameter(0).not.toBeAny()

  expectTypeOf<OutgoingMessage<typeof visits>['value']>().toEqualTypeOf<{ at: unknown; count?: number | undefined }>()
  expectTypeOf<OutgoingMessage<typeof prices>['value']>().toEqualTypeOf<{ id: string }>()
  expectTypeOf<OutgoingMessage<typeof names>['key']>().toEqualTypeOf<number>()
  // A key that may be null may be left out; so may a value.
  expectTypeOf<{ topic: typeof plain }>().toExtend<OutgoingMessage<typeof plain>>()
  expectTypeOf<{ topic: typeof prices; value: { id: string } }>().toExtend<OutgoingMessage<typeof prices>>()
  expectTypeOf<{ topic: typeof names; value: { name: string } }>().not.toExtend<OutgoingMessage<typeof names>>()
  expectTypeOf<{ topic: string; value: number }>().not.toExtend<OutgoingMessage>()
})
