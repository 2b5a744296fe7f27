import { errorOf, errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { byTopic, commitVerdict, heartbeatVerdict, reconcile } from './membership.ts'

const a = '00000000-0000-4000-8000-00000000000a'
const b = '00000000-0000-4000-8000-00000000000b'
const held = (topicId: string, ...partitions: number[]) => partitions.map((partition) => ({ topicId, partition }))

test.each([
  ['NONE', 'ok'],
  ['UNKNOWN_MEMBER_ID', 'rejoin'],
  ['FENCED_MEMBER_EPOCH', 'rejoin'],
  ['NOT_COORDINATOR', 'elsewhere'],
  ['COORDINATOR_NOT_AVAILABLE', 'elsewhere'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'again'],
  ['REQUEST_TIMED_OUT', 'again'],
  ['GROUP_AUTHORIZATION_FAILED', 'refused'],
  ['GROUP_MAX_SIZE_REACHED', 'refused'],
  ['INVALID_REQUEST', 'refused'],
  ['UNSUPPORTED_VERSION', 'refused'],
] as const)('a heartbeat answered with %s: %s', (name, verdict) => {
  expect(heartbeatVerdict(errors[name].code, errorOf(errors[name].code).retriable)).toBe(verdict)
})

test.each([
  ['NONE', 'done'],
  ['STALE_MEMBER_EPOCH', 'newEpoch'],
  ['UNKNOWN_MEMBER_ID', 'lost'],
  ['FENCED_MEMBER_EPOCH', 'lost'],
  ['NOT_COORDINATOR', 'elsewhere'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'again'],
  ['NOT_ENOUGH_REPLICAS', 'again'],
  ['UNKNOWN_TOPIC_ID', 'again'],
  ['OFFSET_METADATA_TOO_LARGE', 'refused'],
  ['GROUP_AUTHORIZATION_FAILED', 'refused'],
] as const)('a commit answered with %s: %s', (name, verdict) => {
  expect(commitVerdict(errors[name].code, errorOf(errors[name].code).retriable)).toBe(verdict)
})

describe('reconciling', () => {
  test.each([
    { name: 'nothing held', held: [], target: [{ topicId: a, partitions: [1, 0] }], revoke: [], add: held(a, 1, 0) },
    { name: 'all the same', held: held(a, 0, 1), target: [{ topicId: a, partitions: [1, 0] }], revoke: [], add: [] },
    {
      name: 'some go, some come',
      held: held(a, 0, 1),
      target: [{ topicId: a, partitions: [1, 2] }],
      revoke: held(a, 0),
      add: held(a, 2),
    },
    {
      name: 'another topic id is another topic',
      held: held(a, 0),
      target: [{ topicId: b, partitions: [0] }],
      revoke: held(a, 0),
      add: held(b, 0),
    },
    {
      name: 'everything goes',
      held: [...held(a, 0), ...held(b, 4)],
      target: [],
      revoke: [...held(a, 0), ...held(b, 4)],
      add: [],
    },
  ])('$name', ({ held: now, target, revoke, add }) => {
    expect(reconcile(now, target)).toEqual({ revoke, add })
  })
})

test('by topic, as heartbeats name partitions', () => {
  expect(byTopic([...held(a, 3, 1), ...held(b, 0)])).toEqual({ [a]: [3, 1], [b]: [0] })
})
