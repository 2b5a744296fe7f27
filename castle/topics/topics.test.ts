import type { AlterConfigsArgs } from '@castellan/protocol/heartbeat'
import { beforeEach, describe, expect, test } from 'vitest'
import { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { State } from '../state/state.ts'
import { alterConfigs } from './alter-configs.ts'
import { changeTopic, deleteTopic, type TopicChange } from './change.ts'
import { createTopic, type NewTopic } from './create.ts'
import { labelsMax } from './labels.ts'

let state: State
let versions: number

function draft(): Draft {
  let decisions = 0
  return new Draft(state, {
    nextVersion: () => ++versions,
    nextDecision: () => ++decisions,
    takeProducerIds: () => 0,
    wallMs: 1_000,
    decisionsMax: 100,
  })
}

/** Decides and applies; returns what it decided. */
function decide<T>(compute: (draft: Draft) => T): { result: T; decisions: string[] } {
  const made = draft()
  const result = compute(made)
  for (const change of made.changes) state.apply(change)
  return {
    result,
    decisions: made.changes.flatMap(({ kind, entity }) => (kind === 'decision' && entity ? [entity.what] : [])),
  }
}

const create = (args: Partial<NewTopic> & { name: string }, id = `id-of-${args.name}`) =>
  decide((made) => createTopic(made, id, { cluster: 'c', ...args }, { partitions: 1, replicationFactor: 3 }))
const topic = (name: string) => state.topicNamed('c', name) as Topic

beforeEach(() => {
  state = new State()
  versions = 0
  // Those of cluster c are of the first release; of r, all but 14 replicate.
  for (const [id, up, cluster, rack] of [
    [1, true, 'c', null],
    [2, true, 'c', null],
    [3, false, 'c', null],
    [11, true, 'r', 'a'],
    [12, true, 'r', 'a'],
    [13, true, 'r', 'b'],
    [14, true, 'r', null],
    [15, false, 'r', 'c'],
  ] as const) {
    const entity = {
      id,
      cluster,
      host: 'h',
      port: 1,
      metricsPort: 0,
      rack,
      replicates: cluster === 'r' && id !== 14,
      pid: 1,
      release: 'r',
      incarnation: 'i',
    }
    state.apply({
      kind: 'broker',
      key: String(id),
      entity: { ...entity, retired: [], brokerEpoch: 1, up, sinceMs: 0, why: '' },
    })
  }
})

describe('a topic is made', () => {
  test('on living brokers, led from the start, with defaults where nothing is said', () => {
    const { result } = create({ name: 'orders', partitions: 3 })
    expect(result).toEqual({ topicId: 'id-of-orders', partitions: 3, replicationFactor: 1, configs: {} })
    expect(topic('orders')).toMatchObject({ ackLevel: -1, owner: '', deleted: false, version: 1 })
    expect(topic('orders').partitions).toEqual(
      [1, 2, 1].map((id) => ({ leader: id, leaderEpoch: 0, partitionEpoch: 0, replicas: [id], isr: [id] })),
    )
    create({ name: 'one' })
    expect(topic('one').partitions.map(({ leader }) => leader)).toEqual([2])
  })

  test('with three replicas where there are brokers for them, in sync from the start, on different racks as far as they go', () => {
    const { result } = create({ name: 'orders', cluster: 'r', partitions: 3 })
    expect(result).toMatchObject({ partitions: 3, replicationFactor: 3 })
    const made = state.topicNamed('r', 'orders') as Topic
    for (const { replicas, isr, leader } of made.partitions) {
      expect([...replicas].sort()).toEqual([11, 12, 13])
      expect(isr).toEqual(replicas)
      expect(leader).toBe(replicas[0])
    }
    expect(made.partitions.map(({ leader }) => leader)).toEqual([11, 12, 13])
    create({ name: 'two', cluster: 'r', partitions: 4, replicationFactor: 2 })
    for (const { replicas } of state.topicNamed('r', 'two')?.partitions ?? []) expect(replicas).toContain(13)
  })

  test('where it is told to be', () => {
    create({
      name: 'by-hand',
      cluster: 'r',
      assignments: [
        [12, 11],
        [13, 12],
      ],
      configs: { 'min.insync.replicas': '2' },
    })
    expect(state.topicNamed('r', 'by-hand')?.partitions.map(({ replicas }) => replicas)).toEqual([
      [12, 11],
      [13, 12],
    ])
    create({ name: 'placed', assignments: [[2], [2], [1]] })
    expect(topic('placed').partitions.map(({ replicas }) => replicas)).toEqual([[2], [2], [1]])
  })

  test('only tried: nothing is there afterwards', () => {
    expect(create({ name: 'tried', partitions: 2, validateOnly: true }).result.partitions).toBe(2)
    expect(state.topicNamed('c', 'tried')).toBeUndefined()
  })

  const refused: [string, Partial<NewTopic> & { name: string }, string, string][] = [
    ['an empty name', { name: '' }, 'TOPIC_NAME_WRONG', ''],
    ['a dot', { name: '.' }, 'TOPIC_NAME_WRONG', "'.'"],
    ['two dots', { name: '..' }, 'TOPIC_NAME_WRONG', "'..'"],
    ['a slash', { name: 'a/b' }, 'TOPIC_NAME_WRONG', "'a/b'"],
    ['another alphabet', { name: 'заказы' }, 'TOPIC_NAME_WRONG', ''],
    ['a name too long', { name: 'x'.repeat(250) }, 'TOPIC_NAME_WRONG', ''],
    ['the log of groups', { name: '__consumer_offsets' }, 'TOPIC_INTERNAL', 'Castle makes it'],
    ['a name in use', { name: 'taken' }, 'TOPIC_EXISTS', "topic 'taken' exists already"],
    ['no partitions', { name: 'a', partitions: 0 }, 'PARTITIONS_WRONG', 'not 0'],
    ['too many partitions', { name: 'a', partitions: 10_001 }, 'PARTITIONS_WRONG', '1 to 10000'],
    [
      'replicas on brokers of the first release',
      { name: 'a', replicationFactor: 2 },
      'REPLICATION_FACTOR_WRONG',
      '2 more of the first release',
    ],
    [
      'more replicas than brokers',
      { name: 'a', cluster: 'r', replicationFactor: 4 },
      'REPLICATION_FACTOR_WRONG',
      "replicationFactor is 4, but 3 living brokers of cluster 'r' can replicate",
    ],
    ['no replicas', { name: 'a', replicationFactor: 0 }, 'REPLICATION_FACTOR_WRONG', 'is 0'],
    ['two on old brokers by hand', { name: 'a', assignments: [[1, 2]] }, 'REPLICAS_WRONG', 'does not replicate'],
    ['a broker twice', { name: 'a', cluster: 'r', assignments: [[11, 11]] }, 'REPLICAS_WRONG', 'broker 11 twice'],
    [
      'partitions of unlike many replicas',
      { name: 'a', cluster: 'r', assignments: [[11, 12], [11]] },
      'REPLICAS_WRONG',
      'partition 1 is to have 1 replicas, and partition 0 2',
    ],
    ['a partition without a broker', { name: 'a', assignments: [[]] }, 'REPLICAS_WRONG', 'partition 0'],
    [
      'a broker that is down',
      { name: 'a', assignments: [[1], [3]] },
      'REPLICAS_WRONG',
      'partition 1 is to be on broker 3',
    ],
    [
      'an unknown setting',
      { name: 'a', configs: { 'retention.hours': '1' } },
      'TOPIC_SETTING_WRONG',
      'retention.hours',
    ],
    [
      'a setting not honoured',
      { name: 'a', configs: { 'cleanup.policy': 'compact' } },
      'TOPIC_SETTING_WRONG',
      'compact',
    ],
    [
      'more in sync than there are',
      { name: 'a', configs: { 'min.insync.replicas': '2' } },
      'TOPIC_SETTING_WRONG',
      'min.insync',
    ],
    ['a cluster without brokers', { name: 'a', cluster: 'empty' }, 'NO_BROKER', "'empty'"],
    [
      'brokers too full',
      { name: 'a', assignments: Array(10_000).fill([1]) },
      'PARTITIONS_WRONG',
      'broker 1 would have 10001',
    ],
  ]
  test.each(refused)('refused: %s', (_, args, code, words) => {
    create({ name: 'taken', assignments: [[1]] })
    const before = [...state.all('topic')]
    expect(() => create(args)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }))
    expect([...state.all('topic')]).toEqual(before)
  })
})

describe('a topic is changed', () => {
  const table: [string, TopicChange, Partial<Topic>, string | undefined, boolean][] = [
    ['nothing', {}, {}, undefined, false],
    ['what it is already', { ackLevel: -1, partitions: 2, owner: 'me' }, {}, undefined, false],
    ['the ack level', { ackLevel: 1 }, { ackLevel: 1 }, 'ackLevel -1 -> 1', true],
    [
      'settings, one more and one back to its default',
      { configs: { 'retention.ms': null, 'segment.bytes': '2000000' } },
      { configs: { 'segment.bytes': '2000000' } },
      'retention.ms 5 -> default, segment.bytes default -> 2000000',
      true,
    ],
    ['the owner', { owner: 'you' }, { owner: 'you' }, "owner 'me' -> 'you'", false],
    ['labels', { labels: { tier: null, team: 'b' } }, { labels: { team: 'b' } }, 'labels', false],
    ['the description', { description: 'of customers' }, { description: 'of customers' }, 'description', false],
  ]
  test.each(table)('%s', (_, change, after, words, isHeard) => {
    create({ name: 'orders', partitions: 2, configs: { 'retention.ms': '5' }, owner: 'me', labels: { tier: '1' } })
    const before = topic('orders')
    const { decisions } = decide((made) => changeTopic(made, 'c', 'orders', change))
    // What leaders propose by the ack level before is refused.
    const raised = after.ackLevel === undefined ? 0 : 1
    const partitions = before.partitions.map((each) => ({ ...each, partitionEpoch: each.partitionEpoch + raised }))
    const version = isHeard ? before.version + 1 : before.version
    expect(topic('orders')).toEqual({ ...before, ...after, partitions, version })
    expect(decisions).toEqual(words === undefined ? [] : [`changed topic orders: ${words}`])
  })

  const refused: [string, string, TopicChange, string][] = [
    ['one that there is not', 'nobody', { ackLevel: 1 }, 'TOPIC_UNKNOWN'],
    ['the platform own', '__consumer_offsets', { ackLevel: 0 }, 'TOPIC_INTERNAL'],
    ['fewer partitions', 'orders', { partitions: 0 }, 'PARTITIONS_WRONG'],
    ['a setting that is wrong', 'orders', { configs: { 'retention.ms': 'soon' } }, 'TOPIC_SETTING_WRONG'],
  ]
  test.each(refused)('refused: %s', (_, name, change, code) => {
    create({ name: 'orders' })
    create({ name: '__consumer_offsets', internal: true })
    expect(() => decide((made) => changeTopic(made, 'c', name, change))).toThrow(expect.objectContaining({ code }))
  })
})

describe('settings of a topic are altered by a Kafka client', () => {
  const set = (name: string, value: string) => ({ name, operation: 'set' as const, value })
  const back = (name: string) => ({ name, operation: 'delete' as const })
  const alter = (name: string, changes: AlterConfigsArgs['changes'], validateOnly = false) =>
    decide((made) => alterConfigs(made, 'c', { topic: name, changes, validateOnly }))

  test('as any change of a topic is made, all of them or none', () => {
    create({ name: 'orders', configs: { 'retention.ms': '5' } })
    const before = topic('orders')
    const { result, decisions } = alter('orders', [set('segment.ms', '7'), back('retention.ms')])
    expect(result).toEqual({ topicId: 'id-of-orders', configs: { 'segment.ms': '7' } })
    expect(topic('orders')).toMatchObject({ configs: { 'segment.ms': '7' }, version: before.version + 1 })
    expect(decisions).toEqual(['changed topic orders: retention.ms 5 -> default, segment.ms default -> 7'])
    const wrong = [set('segment.ms', '8'), set('retention.ms', 'soon')]
    expect(() => alter('orders', wrong)).toThrow(expect.objectContaining({ code: 'TOPIC_SETTING_WRONG' }))
    expect(topic('orders').configs).toEqual({ 'segment.ms': '7' })
  })

  test('only tried: checked, and nothing is changed', () => {
    create({ name: 'orders' })
    expect(alter('orders', [set('segment.ms', '7')], true)).toMatchObject({ result: { configs: {} }, decisions: [] })
    expect(topic('orders').configs).toEqual({})
    const more = [set('min.insync.replicas', '2')]
    expect(() => alter('orders', more, true)).toThrow(expect.objectContaining({ code: 'TOPIC_SETTING_WRONG' }))
  })

  test("of the platform's own topics only what is so already", () => {
    create({ name: '__consumer_offsets', internal: true })
    const throttle = 'leader.replication.throttled.replicas'
    expect(alter('__consumer_offsets', [back(throttle)]).decisions).toEqual([])
    for (const validateOnly of [false, true]) {
      const changes = [set('retention.ms', '5')]
      expect(() => alter('__consumer_offsets', changes, validateOnly)).toThrow(
        expect.objectContaining({ code: 'TOPIC_INTERNAL' }),
      )
    }
  })
})

describe('a topic is deleted', () => {
  test('its deletion is recorded for those who hold logs of it, and its name is free', () => {
    create({ name: 'orders', partitions: 3 })
    const before = topic('orders')
    decide((made) => deleteTopic(made, before))
    expect(state.topicNamed('c', 'orders')).toBeUndefined()
    expect(state.get('topic', before.topicId)).toMatchObject({
      deleted: true,
      partitions: [],
      holders: [1, 2],
      version: 2,
    })
    create({ name: 'orders' }, 'another')
    expect(topic('orders').topicId).toBe('another')
  })

  test('never the platform own', () => {
    create({ name: '__consumer_offsets', internal: true })
    expect(() => decide((made) => deleteTopic(made, topic('__consumer_offsets')))).toThrow(
      expect.objectContaining({ code: 'TOPIC_INTERNAL' }),
    )
  })
})

describe('labels', () => {
  const labels = (count: number, prefix: string, value = 'v') =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, value]))
  const change = (changed: TopicChange) => decide((made) => changeTopic(made, 'c', 'orders', changed))

  test('are so many at most, however they came together', () => {
    expect(() => create({ name: 'orders', labels: labels(labelsMax + 1, 'a') })).toThrow('65 labels (limit: 64)')
    create({ name: 'orders', labels: labels(labelsMax, 'a') })
    expect(() => change({ labels: { one: 'more' } })).toThrow('65 labels (limit: 64)')
    change({ labels: { a0: null, one: 'more' } })
    expect(Object.keys(topic('orders').labels)).toHaveLength(labelsMax)
  })
})
