import { describe, expect, test } from 'vitest'
import { castleEpochOf, versionOf } from './fields.ts'
import { checks, HeartbeatMessageError, parseFromCastle, parseFromSender, readSubject } from './validate.ts'

const heartbeat = {
  type: 'heartbeat',
  seq: 1,
  kind: 'client',
  id: 'a',
  incarnation: 'b',
  castleEpoch: 0,
  brokerEpoch: 0,
  reportNumber: 1,
}
const report = {
  kind: 'client',
  service: 's',
  host: 'h',
  pid: 1,
  release: 'r',
  cluster: null,
  topics: [],
  groups: [],
  holds: {},
}

function refusal(text: string): unknown {
  try {
    parseFromSender(text)
  } catch (error) {
    return error
  }
  return 'taken'
}

describe('what a sender says', () => {
  test('unknown fields are left alone, unknown types of message skipped', () => {
    const message = { ...heartbeat, mood: 'fine', report: { ...report, shoeSize: 43 } }
    expect(parseFromSender(JSON.stringify(message))).toEqual(message)
    expect(parseFromSender('{"type":"telepathy","to":"castle"}')).toBeUndefined()
  })

  test.each([
    ['no JSON', '{"type":', 'NOT_JSON', ''],
    ['no object', '[]', 'taken', ''],
    ['null', 'null', 'INVALID_MESSAGE', ''],
    ['a number too large', JSON.stringify({ ...heartbeat, seq: 2 ** 60 }), 'INVALID_MESSAGE', '/seq'],
    ['a fraction', JSON.stringify({ ...heartbeat, seq: 1.5 }), 'INVALID_MESSAGE', '/seq'],
    [
      'an epoch that versions could not contain',
      JSON.stringify({ ...heartbeat, castleEpoch: 2 ** 21 }),
      'INVALID_MESSAGE',
      '/castleEpoch',
    ],
    ['an empty id', JSON.stringify({ ...heartbeat, id: '' }), 'INVALID_MESSAGE', '/id'],
    ['an id too long', JSON.stringify({ ...heartbeat, id: 'x'.repeat(250) }), 'INVALID_MESSAGE', '/id'],
    [
      'too many outcomes',
      JSON.stringify({ ...heartbeat, done: Array(1_001).fill({ id: 'd', outcome: 'done', durationMs: 0 }) }),
      'INVALID_MESSAGE',
      '/done',
    ],
    [
      'a report of half',
      JSON.stringify({ ...heartbeat, report: { ...report, holds: undefined } }),
      'INVALID_MESSAGE',
      '/report',
    ],
    [
      'an unknown method',
      JSON.stringify({ type: 'call', id: 1, method: 'formatDisk', args: {} }),
      'INVALID_MESSAGE',
      '/method',
    ],
  ])('refused: %s', (_, text, code, path) => {
    const error = refusal(text)
    if (code === 'taken') return expect(error).toBe('taken')
    expect(error).toBeInstanceOf(HeartbeatMessageError)
    expect(error).toMatchObject({ code, path })
  })
})

test('what Castle says is checked as well', () => {
  const answer = { type: 'answer', seq: 1, castleEpoch: 1, intervalMs: 10, leaseMs: 30, later: true }
  expect(parseFromCastle(JSON.stringify(answer))).toEqual(answer)
  expect(() => parseFromCastle(JSON.stringify({ ...answer, intervalMs: 0 }))).toThrow('answer at /intervalMs')
  expect(parseFromCastle('{"type":"poem"}')).toBeUndefined()
})

test('a subject is typed by its key, and refused when its state is another', () => {
  const state = { group: 'g', brokerId: 1, revision: 3 }
  expect(readSubject({ key: 'coordinator/g', version: 1, state })).toEqual({ kind: 'coordinator', state })
  expect(readSubject({ key: 'weather/today', version: 1, state: 'sun' })).toBeUndefined()
  expect(() => readSubject({ key: 'topic/x', version: 1, state })).toThrow(HeartbeatMessageError)
})

test('a check says which field is wrong', () => {
  expect(() => checks.createTopicArgs.parse({ name: 'a', partitions: 0 })).toThrow(
    'createTopic at /partitions: must be >= 1',
  )
})

test('versions rise with the Castle epoch, and stay safe', () => {
  expect(versionOf(3, 1)).toBeGreaterThan(versionOf(2, 2 ** 32 - 1))
  expect(Number.isSafeInteger(versionOf(2 ** 21 - 1, 2 ** 32 - 1))).toBe(true)
  expect(castleEpochOf(versionOf(7, 123))).toBe(7)
})

test('leader epochs: a report that leaves no room for the next one is refused, and the reason names the field', () => {
  const broker = {
    kind: 'broker',
    cluster: 'c',
    host: 'h',
    port: 1,
    metricsPort: 0,
    rack: null,
    pid: 1,
    release: 'r',
    stopping: false,
    holds: {},
    groups: [],
    producerIdsBegun: -1,
  }
  const withEpoch = (leaderEpoch: number) => {
    const log = { topicId: '11111111-1111-4111-8111-111111111111', partition: 0, leaderEpoch, fault: null }
    return { ...broker, logs: [log] }
  }
  expect(checks.brokerReport.is(withEpoch(-1))).toBe(true)
  expect(checks.brokerReport.is(withEpoch(2_000_000_000))).toBe(true)
  expect(() => checks.brokerReport.parse(withEpoch(2_000_000_001))).toThrow(
    'broker report at /logs/0/leaderEpoch: must be <= 2000000000',
  )
  const text = JSON.stringify({ ...heartbeat, kind: 'broker', report: withEpoch(2 ** 31) })
  expect(refusal(text)).toMatchObject({ code: 'INVALID_MESSAGE', path: '/report/logs/0/leaderEpoch' })
})

test('what is stuck is told within bounds', () => {
  const one = { topicId: '11111111-1111-4111-8111-111111111111', partition: 0, offset: 7, sinceMs: 1, attempts: 3 }
  const group = { group: 'g', memberId: 'm', memberEpoch: 1, assigned: {} }
  const withStuck = (stuck: object[]) => ({ ...report, groups: [{ ...group, stuck }] })
  expect(checks.clientReport.is(withStuck([{ ...one, error: 'boom' }]))).toBe(true)
  expect(checks.clientReport.is(withStuck(Array(101).fill({ ...one, error: 'boom' })))).toBe(false)
  expect(checks.clientReport.is(withStuck([{ ...one, error: 'x'.repeat(2_001) }]))).toBe(false)
})
