// OffsetCommit and OffsetFetch at every version, through the API's own tables, as a client sees them.
import {
  errors,
  type OffsetCommitRequestInput,
  type OffsetFetchRequestInput,
  offsetCommit,
  offsetFetch,
  Reader,
  Writer,
} from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { offsetsTopicId, ordersId, paymentsId, TestingCoordinator } from './testing.ts'

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index)
const unknownId = '00000000-0000-4000-8000-00000000ffff'

let testing: TestingCoordinator
beforeEach(async () => {
  testing = await TestingCoordinator.start({ offsetMetadataMaxBytes: 20 })
})

async function commit(version: number, body: OffsetCommitRequestInput) {
  const writer = new Writer()
  offsetCommit.request.encode(writer, version, body)
  const request = offsetCommit.request.decode(reader(writer), version)
  const out = new Writer()
  offsetCommit.response.encode(out, version, await testing.coordinator.commitOffsets(request, version))
  return offsetCommit.response.decode(reader(out), version)
}

async function fetch(version: number, body: OffsetFetchRequestInput) {
  const writer = new Writer()
  offsetFetch.request.encode(writer, version, body)
  const request = offsetFetch.request.decode(reader(writer), version)
  const out = new Writer()
  offsetFetch.response.encode(out, version, await testing.coordinator.fetchOffsets(request, version))
  return offsetFetch.response.decode(reader(out), version)
}

function reader(writer: Writer): Reader {
  return new Reader(Buffer.concat(writer.chunks()))
}

/** Partition, offset, leader epoch, metadata, error of each answered partition. */
function rows(topics: readonly { readonly partitions: readonly Record<string, unknown>[] }[]) {
  return topics.flatMap(({ partitions }) => {
    return partitions.map((p) => [p['partitionIndex'], p['committedOffset'], p['metadata'], p['errorCode']])
  })
}

/** A tool commits offset 5 of partition 1 of `orders` for group g. */
function commitBody(more: Partial<OffsetCommitRequestInput> = {}): OffsetCommitRequestInput {
  const partitions = [{ partitionIndex: 1, committedOffset: 5, committedLeaderEpoch: 3, committedMetadata: 'five' }]
  return { groupId: 'g', memberId: '', topics: [{ name: 'orders', topicId: ordersId, partitions }], ...more }
}

const asked = [{ name: 'orders', topicId: ordersId, partitionIndexes: [0, 1] }]

describe('a group without members', () => {
  test.each(range(2, 10))('commits at version %i', async (version) => {
    expect((await commit(version, commitBody())).topics[0]!.partitions).toEqual([{ partitionIndex: 1, errorCode: 0 }])
    expect(await testing.fetch('g', [1])).toEqual([5])
  })

  test.each(range(1, 7))('is read at version %i', async (version) => {
    await commit(9, commitBody())
    const answer = await fetch(version, { groupId: 'g', topics: asked })
    expect(answer.errorCode).toBe(0)
    expect(rows(answer.topics)).toEqual([
      [0, -1, '', 0],
      [1, 5, 'five', 0],
    ])
    if (version >= 5) expect(answer.topics[0]!.partitions[1]!.committedLeaderEpoch).toBe(3)
    if (version >= 2)
      expect(rows((await fetch(version, { groupId: 'g', topics: null })).topics)).toEqual([[1, 5, 'five', 0]])
  })

  test.each(range(8, 10))('is read with others at version %i', async (version) => {
    await commit(9, commitBody())
    const { groups } = await fetch(version, {
      groups: [
        { groupId: 'g', topics: asked },
        { groupId: 'g', topics: null },
        { groupId: 'unknown', topics: asked },
        { groupId: 'unknown', topics: null },
      ],
    })
    expect(groups.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0])
    expect(groups.map(({ topics }) => rows(topics))).toEqual([
      [
        [0, -1, '', 0],
        [1, 5, 'five', 0],
      ],
      [[1, 5, 'five', 0]],
      [
        [0, -1, '', 0],
        [1, -1, '', 0],
      ],
      [],
    ])
    if (version >= 10) expect(groups[1]!.topics[0]!.topicId).toBe(ordersId)
    else expect(groups[1]!.topics[0]!.name).toBe('orders')
  })
})

describe('what is refused', () => {
  const partition = (partitionIndex: number, committedMetadata = '') => {
    return { partitionIndex, committedOffset: 1, committedMetadata }
  }
  test.each([
    [
      'a topic that does not exist',
      9,
      { name: 'none', topicId: unknownId },
      partition(0),
      errors.UNKNOWN_TOPIC_OR_PARTITION,
    ],
    ['a topic id that does not exist', 10, { name: 'none', topicId: unknownId }, partition(0), errors.UNKNOWN_TOPIC_ID],
    [
      'a partition that does not exist',
      9,
      { name: 'orders', topicId: ordersId },
      partition(4),
      errors.UNKNOWN_TOPIC_OR_PARTITION,
    ],
    [
      'metadata that is too long',
      9,
      { name: 'orders', topicId: ordersId },
      partition(0, 'äöüäöüäöüäö'),
      errors.OFFSET_METADATA_TOO_LARGE,
    ],
  ])('%s, and the other partitions are taken', async (_, version, topic, wrong, error) => {
    const right = { name: 'payments', topicId: paymentsId, partitions: [partition(2)] }
    const answer = await commit(version, commitBody({ topics: [{ ...topic, partitions: [wrong] }, right] }))
    expect(answer.topics.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([error.code, 0])
  })

  test.each([
    [
      'a group that does not exist, of a member',
      9,
      { memberId: 'a', generationIdOrMemberEpoch: 1 },
      errors.GROUP_ID_NOT_FOUND,
    ],
    ['no group id', 9, { groupId: '' }, errors.INVALID_GROUP_ID],
    ['a long group id', 9, { groupId: 'g'.repeat(250) }, errors.INVALID_GROUP_ID],
    ['the same before version 9', 8, { memberId: 'a', generationIdOrMemberEpoch: 1 }, errors.ILLEGAL_GENERATION],
  ])('%s', async (_, version, who, error) => {
    const answer = await commit(version, commitBody(who))
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(error.code)
    expect(await testing.fetch('g', [1])).toEqual([-1])
  })

  test('members: known, at a version that can say why not, with their own instance id', async () => {
    await testing.join('g', 'a', { instanceId: 'i' })
    await testing.target('g', { a: [0, 1, 2, 3] })
    await testing.beat('g', 'a', 1)
    const code = async (version: number, more: Partial<OffsetCommitRequestInput>) =>
      (await commit(version, commitBody(more))).topics[0]!.partitions[0]!.errorCode
    const member = { memberId: 'a', generationIdOrMemberEpoch: 2 }
    expect(await code(9, { ...member, groupInstanceId: 'i' })).toBe(0)
    expect(await code(8, member)).toBe(errors.UNSUPPORTED_VERSION.code)
    expect(await code(9, { ...member, groupInstanceId: 'x' })).toBe(errors.FENCED_INSTANCE_ID.code)
    expect(await code(9, { ...member, generationIdOrMemberEpoch: 3 })).toBe(errors.STALE_MEMBER_EPOCH.code)
    expect(await code(9, { memberId: 'b', generationIdOrMemberEpoch: 2 })).toBe(errors.UNKNOWN_MEMBER_ID.code)
    expect(await code(9, {})).toBe(errors.UNKNOWN_MEMBER_ID.code)
  })

  test('reading with a wrong member or epoch; without either it is a tool', async () => {
    await testing.join('g', 'a')
    const code = async (memberId: string | null, memberEpoch: number) =>
      (await fetch(9, { groups: [{ groupId: 'g', memberId, memberEpoch, topics: asked }] })).groups[0]!.errorCode
    expect(await code('a', 1)).toBe(0)
    expect(await code(null, -1)).toBe(0)
    expect(await code('a', 2)).toBe(errors.STALE_MEMBER_EPOCH.code)
    expect(await code('b', 1)).toBe(errors.UNKNOWN_MEMBER_ID.code)
  })

  test('where the group is not coordinated, each version says so in its own way', async () => {
    testing.elect(2)
    const code = errors.NOT_COORDINATOR.code
    expect(rows((await fetch(1, { groupId: 'g', topics: asked })).topics)).toEqual([
      [0, -1, '', code],
      [1, -1, '', code],
    ])
    expect(await fetch(7, { groupId: 'g', topics: asked })).toMatchObject({ errorCode: code, topics: [] })
    expect((await fetch(8, { groups: [{ groupId: 'g', topics: asked }] })).groups).toMatchObject([
      { errorCode: code, topics: [] },
    ])
    expect((await commit(9, commitBody())).topics[0]!.partitions).toEqual([{ partitionIndex: 1, errorCode: code }])
  })
})

test('a name that this broker does not know may be that of offsets which it has: it says that it will know, not that there are none', async () => {
  await commit(9, commitBody())
  const { metadata } = testing
  const named = metadata.topicNamed.bind(metadata)
  // The topic is in doubt (R14), or its subject comes with a later answer: Castle has not spoken of it to this process.
  metadata.topicNamed = (name) => (name === 'orders' ? undefined : named(name))
  metadata.topicWithId = () => undefined
  const loading = errors.COORDINATOR_LOAD_IN_PROGRESS.code
  const codeOf = async (groupId: string) => {
    const { groups } = await fetch(9, { groups: [{ groupId, memberId: null, memberEpoch: -1, topics: asked }] })
    return [groups[0]!.errorCode, rows(groups[0]!.topics).length]
  }
  expect(await codeOf('g')).toEqual([loading, 0])
  expect(rows((await fetch(1, { groupId: 'g', topics: asked })).topics)).toEqual([
    [0, -1, '', loading],
    [1, -1, '', loading],
  ])
  expect(await codeOf('h')).toEqual([0, 2])
})

test('an old client’s own retention time is kept', async () => {
  const minute = 60_000
  await commit(4, commitBody({ retentionTimeMs: 15 * minute }))
  await testing.clock.advance(14 * minute)
  expect(await testing.fetch('g', [1])).toEqual([5])
  await testing.clock.advance(10 * minute)
  expect(await testing.fetch('g', [1])).toEqual([-1])
})

test('a commit is one small batch in the group log', async () => {
  await commit(9, commitBody())
  const log = [0, 1]
    .map((index) => testing.partitions.get(offsetsTopicId, index)!)
    .find(({ endOffset }) => endOffset > 0)!
  expect(log.endOffset).toBe(1)
  expect(log.bytes).toBeLessThan(350)
})
