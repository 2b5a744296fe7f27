import { describe, expect, test } from 'vitest'
import { checkTopicConfigs, describeTopicConfigs, effectiveConfigs, topicSettings } from './index.ts'

const never = '9223372036854775807'

describe('what is taken', () => {
  test.each([
    ['retention.ms', '1000', { retentionMs: 1000 }],
    ['retention.ms', '0', { retentionMs: 0 }],
    ['retention.ms', '-1', { retentionMs: Infinity }],
    ['retention.ms', never, { retentionMs: Infinity }],
    ['retention.bytes', '1073741824', { retentionBytes: 1_073_741_824 }],
    ['retention.bytes', '-1', { retentionBytes: Infinity }],
    ['segment.bytes', '1048576', { segmentBytes: 1_048_576 }],
    ['segment.ms', '60000', { segmentMs: 60_000 }],
    ['max.message.bytes', '2000000', { maxMessageBytes: 2_000_000 }],
    ['message.timestamp.type', 'LogAppendTime', { messageTimestampType: 'LogAppendTime' }],
    ['message.timestamp.before.max.ms', '5000', { messageTimestampBeforeMaxMs: 5000 }],
    ['message.timestamp.after.max.ms', never, { messageTimestampAfterMaxMs: Infinity }],
    ['min.insync.replicas', '1', { minInsyncReplicas: 1 }],
    ['unclean.leader.election.enable', 'true', { uncleanLeaderElectionEnable: true }],
    ['unclean.leader.election.enable', 'FALSE', { uncleanLeaderElectionEnable: false }],
    ['index.interval.bytes', '0', { indexIntervalBytes: 0 }],
    ['flush.messages', '1', { flushMessages: 1 }],
    ['flush.ms', '1000', { flushMs: 1000 }],
  ])('%s=%s', (name, value, settings) => {
    expect(checkTopicConfigs({ [name]: value }, { replicationFactor: 1 })).toEqual([])
    expect(effectiveConfigs({ [name]: value })).toEqual({ ...effectiveConfigs({}), ...settings })
  })

  test('every default', () => {
    const defaults = Object.fromEntries([...topicSettings.values()].map((setting) => [setting.name, setting.default]))
    expect(checkTopicConfigs(defaults, { replicationFactor: 1 })).toEqual([])
    expect(effectiveConfigs(defaults)).toEqual(effectiveConfigs({}))
  })
})

test('the defaults are those of Kafka 4.3, but for the delay that we do not have', () => {
  expect(effectiveConfigs({})).toEqual({
    retentionMs: 604_800_000,
    retentionBytes: Infinity,
    segmentBytes: 1_073_741_824,
    segmentMs: 604_800_000,
    maxMessageBytes: 1_048_588,
    messageTimestampType: 'CreateTime',
    messageTimestampBeforeMaxMs: Infinity,
    messageTimestampAfterMaxMs: 3_600_000,
    minInsyncReplicas: 1,
    uncleanLeaderElectionEnable: false,
    indexIntervalBytes: 4096,
    flushMessages: Infinity,
    flushMs: Infinity,
  })
  expect(topicSettings.get('file.delete.delay.ms')?.default).toBe('0')
})

describe('what is refused, with what would be right', () => {
  test.each([
    ['retention.ms', '-2', 'a whole number of milliseconds of 0 or more, or -1 for no limit'],
    ['retention.ms', '1.5', 'a whole number of milliseconds'],
    ['retention.ms', '7 days', 'a whole number of milliseconds'],
    ['retention.ms', '', 'a whole number of milliseconds'],
    ['retention.ms', '9223372036854775808', 'a whole number of milliseconds'],
    ['segment.bytes', '1024', 'a whole number of bytes from 1048576 to 2147483647'],
    ['segment.bytes', '2147483648', 'from 1048576 to 2147483647'],
    ['segment.ms', '0', 'of 1 or more'],
    ['max.message.bytes', '-1', 'from 0'],
    ['message.timestamp.type', 'createtime', 'CreateTime or LogAppendTime'],
    ['min.insync.replicas', '0', 'from 1'],
    ['min.insync.replicas', '4', "at most 3, the topic's replication factor"],
    ['cleanup.policy', 'compact', 'delete, as this version does not compact'],
    ['cleanup.policy', 'compact,delete', 'delete, as this version does not compact'],
    ['compression.type', 'zstd', 'producer, as batches are stored as their producer compressed them'],
    ['unclean.leader.election.enable', 'yes', 'true or false'],
    ['preallocate', 'true', 'false'],
    ['file.delete.delay.ms', '60000', '0, as files of deleted segments go'],
    ['remote.storage.enable', 'true', 'false, as there is no tiered storage'],
    ['leader.replication.throttled.replicas', '*', 'empty, as this version does not throttle'],
    ['retention.hours', '5', 'there are retention.ms, retention.bytes, segment.bytes'],
    ['__proto__', '5', 'there are retention.ms'],
  ])('%s=%s', (name, value, right) => {
    const problems = checkTopicConfigs(JSON.parse(`{"${name}":"${value}"}`), { replicationFactor: 3 })
    expect(problems).toEqual([{ name, value, problem: expect.stringContaining(right) }])
    expect(problems[0]!.problem).toContain(name)
  })

  test('each that is wrong', () => {
    const problems = checkTopicConfigs({ 'retention.ms': 'x', 'segment.ms': '5', nothing: '' })
    expect(problems.map(({ name }) => name)).toEqual(['retention.ms', 'nothing'])
  })
})

test('what a broker should not have been given does not stop it: the default holds', () => {
  expect(effectiveConfigs({ 'retention.ms': 'x', newer: '1' })).toEqual(effectiveConfigs({}))
})

test('DescribeConfigs tells each setting, with what is set on the topic', () => {
  const described = describeTopicConfigs({ 'retention.ms': '5' }, 1)
  expect(described.map(({ name }) => name)).toEqual([...topicSettings.keys()])
  expect(described.find(({ name }) => name === 'retention.ms')).toMatchObject({
    value: '5',
    isDefault: false,
    configSource: 1,
    configType: 5,
    readOnly: false,
  })
  expect(described.find(({ name }) => name === 'cleanup.policy')).toMatchObject({
    value: 'delete',
    isDefault: true,
    configSource: 5,
    configType: 7,
    readOnly: true,
    documentation: expect.stringContaining('does not compact'),
  })
})

describe('min.insync.replicas where nobody sets it (R6)', () => {
  test.each([
    [{ replicas: [1] }, 1],
    [{ replicas: [1, 2] }, 1],
    [{ replicas: [1, 2, 3] }, 2],
    [{ replicas: [1, 2, 3, 4, 5] }, 2],
    // On its way to three replicas, and back to one.
    [{ replicas: [1, 2, 3], adding: [2, 3] }, 1],
    [{ replicas: [1, 2, 3], removing: [2, 3] }, 1],
    [{ replicas: [1, 2, 3, 4, 5, 6], adding: [4, 5, 6], removing: [1, 2, 3] }, 2],
  ])('%j: %d', (partition, expected) => {
    expect(effectiveConfigs({}, partition).minInsyncReplicas).toBe(expected)
    expect(effectiveConfigs({ 'min.insync.replicas': '1' }, partition).minInsyncReplicas).toBe(1)
  })

  test('is what DescribeConfigs says', () => {
    const minInsync = (replicas: number, configs = {}) =>
      describeTopicConfigs(configs, replicas).find(({ name }) => name === 'min.insync.replicas')
    expect(minInsync(3)).toMatchObject({ value: '2', isDefault: true })
    expect(minInsync(2)).toMatchObject({ value: '1', isDefault: true })
    expect(minInsync(3, { 'min.insync.replicas': '1' })).toMatchObject({ value: '1', isDefault: false })
  })
})
