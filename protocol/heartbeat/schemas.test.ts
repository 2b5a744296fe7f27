// Each check has an example with every field that there is: a value of another type, wherever it is put, is refused, and the refusal names
// the place. Nothing looks into what is Unknown. Of the first release's messages, which say no more than they must, no field may be missing.
import { expect, test } from 'vitest'
import { checks, HeartbeatMessageError } from './validate.ts'

const topicId = '11111111-1111-4111-8111-111111111111'
const at = { topicId, partition: 1 }
const assigned = { [topicId]: [0, 1] }
const subject = { key: 'cluster/main', version: 1, state: {} }
const holds = { 'cluster/main': 1 }

const brokerReport = {
  ...{ kind: 'broker', cluster: 'main', host: 'h', port: 9092, metricsPort: 0, rack: 'r', pid: 1, release: '0.2.0' },
  ...{ stopping: false, full: true, holds, logsBase: 1, logsGone: [at], producerIdsBegun: -1, replicates: true },
  logs: [{ ...at, leaderEpoch: 1, fault: 'torn', lastEpoch: 1, endOffset: 7 }],
  groups: [
    {
      ...{ group: 'g', membership: 1, revision: 1, groupEpoch: 1 },
      members: [{ memberId: 'm', rack: 'r', topics: ['t'], target: assigned }],
    },
  ],
  ...{ logsId: 'l', logsSince: 1, remembers: { [topicId]: 1 }, subjects: [subject] },
}
const clientReport = {
  ...{ kind: 'client', service: 's', host: 'h', pid: 1, release: '0.2.0', cluster: 'main', topics: ['t'] },
  groups: [
    {
      ...{ group: 'g', memberId: 'm', memberEpoch: 1, assigned },
      stuck: [{ ...at, offset: 1, sinceMs: 1, attempts: 1, error: 'boom' }],
    },
  ],
  ...{ stopping: false, holds },
}
const heartbeat = {
  ...{ type: 'heartbeat', seq: 1, kind: 'client', id: 'a', incarnation: 'b', castleEpoch: 0, brokerEpoch: 0 },
  ...{ reportNumber: 1, report: clientReport, done: [{ id: 'd', outcome: 'done', reason: 'r', durationMs: 0.5 }] },
}
const partition = {
  ...{ leader: 1, leaderEpoch: 1, partitionEpoch: 1, replicas: [1], isr: [1], elr: [1], adding: [1], removing: [1] },
  ...{ next: 1, removed: [1] },
}
const outcome = { topic: 't', partition: 1, errorCode: 0, message: 'm' }

const examples: Record<keyof typeof checks, object> = {
  heartbeat,
  answer: {
    ...{ type: 'answer', seq: 1, castleEpoch: 1, intervalMs: 10, leaseMs: 30, brokerEpoch: 1, needReport: true },
    ...{ takesChanges: true, more: true, subjects: [subject], wantSubjects: ['topic/x'], missingTopics: ['t'] },
    directives: [{ id: 'd', kind: 'report', args: {}, expiresInMs: 1 }],
    ...{ stop: 's', comeBackInMs: 1, askUrl: 'u' },
  },
  push: { type: 'push', castleEpoch: 1, subjects: ['topic/x'], withinMs: 0 },
  call: { type: 'call', id: 1, method: 'createTopic', args: {} },
  result: { type: 'result', id: 1, errorCode: 0, message: 'm', value: {} },
  vitals: {
    ...{ type: 'vitals', id: '1', incarnation: 'i', startedMs: 1, loopHeldMs: 0.5, logBytes: 1, lastStop: 'clean' },
    writes: { path: 'sync', longestMs: 0.5, slow: 0, leftLoop: 0 },
    recovery: { logs: 1, opened: 1, bytesToCheck: 1, bytesChecked: 1 },
  },
  brokerReport,
  clientReport,
  createTopicArgs: {
    ...{ name: 't', partitions: 1, replicationFactor: 1, assignments: [[1]], ackLevel: -1, configs: { a: 'b' } },
    validateOnly: true,
  },
  createPartitionsArgs: { topic: 't', count: 2, validateOnly: true },
  alterConfigsArgs: {
    topic: 't',
    changes: [
      { name: 'a', operation: 'delete' },
      { name: 'a', operation: 'append', value: 'b' },
    ],
    validateOnly: true,
  },
  alteredConfigs: { topicId, configs: { a: 'b' } },
  deleteTopicArgs: { name: 't', topicId },
  alterIsrArgs: {
    brokerEpoch: 1,
    partitions: [{ ...at, leaderEpoch: 1, partitionEpoch: 1, isr: [{ brokerId: 1, brokerEpoch: 1 }] }],
  },
  handOverArgs: { brokerEpoch: 1, partitions: [{ ...at, leaderEpoch: 1, partitionEpoch: 1 }] },
  alteredIsr: { partitions: [{ ...at, errorCode: 0, state: partition }] },
  electLeadersArgs: { type: 'preferred', partitions: [{ topic: 't', partition: 1 }] },
  reassignPartitionsArgs: { partitions: [{ topic: 't', partition: 1, replicas: [1] }] },
  partitionOutcomes: { partitions: [outcome] },
  createdTopic: { topicId, partitions: 1, replicationFactor: 1, configs: { a: 'b' } },
  clusterState: {
    ...{ id: 'main', kind: 'castellan', environment: 'e', flags: { replicates: true } },
    brokers: [{ id: 1, host: 'h', port: 1, rack: 'r', brokerEpoch: 1, stopping: true }],
  },
  topicState: {
    ...{ topicId, name: 't', deleted: false, internal: false, ackLevel: 1, configs: { a: 'b' } },
    partitions: [partition],
  },
  targetState: { group: 'g', membership: 1, members: { m: assigned } },
  coordinatorState: { group: 'g', brokerId: 1, revision: 1 },
  producerIdBlock: { start: 1, length: 1 },
}

/** What may be anything. States of partitions have a schema, those of subjects have not. */
const isUnknown = (path: string) => /\/args$|^\/value$|(?<!^\/partitions\/\d)\/state$/.test(path)

interface Place {
  /** JSON pointer. */
  readonly path: string
  readonly value: unknown
  /** The whole with something else in this place. */
  put(other: unknown): unknown
}

function placesIn(value: unknown, path: string, put: Place['put']): Place[] {
  if (typeof value !== 'object' || value === null || isUnknown(path)) return [{ path, value, put }]
  const places = Object.entries(value).map(([name, each]) =>
    placesIn(each, `${path}/${name.replaceAll('/', '~1')}`, (other) =>
      put(Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other }),
    ),
  )
  return [{ path, value, put }, ...places.flat()]
}

type Name = keyof typeof checks

/** Where the value is wrong, as the refusal says; undefined: it is taken. */
function refusedAt(name: Name, value: unknown): string | undefined {
  try {
    checks[name].parse(value)
    return undefined
  } catch (error) {
    if (error instanceof HeartbeatMessageError) return error.path
    throw error
  }
}

test.each(Object.entries(examples) as [Name, object][])('%s', (name, example) => {
  expect(refusedAt(name, example)).toBeUndefined()
  for (const { path, value, put } of placesIn(example, '', (other) => other)) {
    const other = typeof value === 'object' ? 'wrong' : []
    expect(refusedAt(name, put(other)), `another type at ${path}`).toBe(isUnknown(path) ? undefined : path)
  }
})

const leastHeartbeat = {
  ...{ type: 'heartbeat', seq: 1, kind: 'client', id: 'a', incarnation: 'b', castleEpoch: 0, brokerEpoch: 0 },
  reportNumber: 1,
}
const leastClientReport = {
  ...{ kind: 'client', service: 's', host: 'h', pid: 1, release: '0.1.0', cluster: null, topics: [], holds: {} },
  groups: [{ group: 'g', memberId: '', memberEpoch: -1, assigned: {} }],
}
const leastBrokerReport = {
  ...{ kind: 'broker', cluster: 'main', host: 'h', port: 9092, metricsPort: 0, rack: null, pid: 1, release: '0.1.0' },
  ...{ stopping: false, holds: {}, logs: [{ ...at, leaderEpoch: -1, fault: null }], groups: [], producerIdsBegun: -1 },
}
const leastTopicState = {
  ...{ topicId, name: 't', deleted: false, internal: false, ackLevel: -1, configs: {} },
  partitions: [{ leader: -1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] }],
}

test.each<[Name, object]>([
  ['heartbeat', leastHeartbeat],
  ['answer', { type: 'answer', seq: 1, castleEpoch: 1, intervalMs: 10, leaseMs: 30 }],
  ['clientReport', leastClientReport],
  ['brokerReport', leastBrokerReport],
  ['topicState', leastTopicState],
])('%s: no field may be missing', (name, example) => {
  expect(refusedAt(name, example)).toBeUndefined()
  const places = placesIn(example, '', (other) => other).filter(({ path }) => /\/[a-zA-Z]+$/.test(path))
  for (const { path, put } of places)
    expect(refusedAt(name, put(undefined)), `without ${path}`).toBe(path.slice(0, path.lastIndexOf('/')))
})
