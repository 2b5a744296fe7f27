// What a consumer commits, by itself and by hand.
import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { run, until, useGroup } from '../testing/use-group.ts'

const bench = useGroup()

describe('commits', () => {
  test.each([
    ['STALE_MEMBER_EPOCH', 2],
    ['NOT_COORDINATOR', 1],
    ['COORDINATOR_LOAD_IN_PROGRESS', 1],
  ] as const)('%s: tried again', async (name, memberEpoch) => {
    const { group } = bench
    group.append(0, 'a')
    const consumer = bench.consumer({ autoCommit: false })
    const { handled } = run(consumer)
    await until(() => handled.length).toBe(1)
    group.commitScript.push(errors[name].code)
    group.memberEpoch = memberEpoch
    await consumer.commit()
    expect(group.committed.get(0)).toBe(1)
    expect(group.commits).toEqual([{ partition: 0, offset: 1, memberEpoch }])
  })

  test.each(['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH'] as const)('%s: the partition is not ours', async (name) => {
    const { group } = bench
    group.append(0, 'a')
    const consumer = bench.consumer({ autoCommit: false })
    const { handled } = run(consumer)
    await until(() => handled.length).toBe(1)
    group.commitScript.push(errors[name].code)
    await expect(consumer.commit()).rejects.toMatchObject({ code: 'COMMIT_REFUSED', kafkaCode: errors[name].code })
  })

  test('of a message, of offsets, and of what is not assigned', async () => {
    const { group } = bench
    group.append(0, 'a', 'b', 'c')
    const consumer = bench.consumer({ autoCommit: false })
    const ended = consumer.run(async (message) => {
      if (message.text === 'b') await consumer.commit(message)
    })
    await until(() => group.committed.get(0)).toBe(2)
    await consumer.commit([{ topic: 'orders', partition: 0, offset: 1 }])
    expect(group.committed.get(0)).toBe(1)
    await expect(consumer.commit([{ topic: 'orders', partition: 1, offset: 1 }])).rejects.toMatchObject({
      code: 'NOT_ASSIGNED',
    })
    await consumer.close()
    await ended
    expect(group.committed.get(0)).toBe(1)
  })
})
