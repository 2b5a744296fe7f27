// A coordinator killed at any moment: the next one finds, for each partition of the group log, the state after some
// step, and none that was answered is missing (R11). Snapshots are written all the while.
import { assign } from '@castellan/protocol/assignment'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settle } from '../log/testing.ts'
import { encodeChange } from './format.ts'
import { stateOf } from './state/snapshot.ts'
import { assignmentInput } from './state/target.ts'
import { TestingCoordinator } from './testing.ts'

const groupIds = ['g0', 'g1', 'g2', 'g3', 'g4']

/** The state of all groups by partition of the log, as their records. */
function dump(testing: TestingCoordinator): Map<number, string> {
  const result = new Map<number, string>()
  for (const groupId of groupIds) {
    const shard = testing.coordinator.shardOf(groupId)
    if (typeof shard === 'number') throw new Error(`no coordinator: ${shard}`)
    const states = [...shard.groups.values()].map((group) => {
      const records = stateOf(group).map((change) => encodeChange(group.id, change))
      return records.map(({ key, value }) => `${key} ${value}`).sort()
    })
    result.set(shard.partition.index, states.flat().sort().join('\n'))
  }
  return result
}

/** Does what the number says, without waiting for the answer; resolves to whether it was taken. */
function act(testing: TestingCoordinator, number: number): Promise<boolean> {
  const groupId = groupIds[number % 5]!
  const memberId = `m${Math.floor(number / 5) % 4}`
  const rest = Math.floor(number / 20)
  const shard = testing.coordinator.shardOf(groupId)
  const group = typeof shard === 'number' ? undefined : shard.groups.get(groupId)
  const member = group?.members.get(memberId)
  const taken = (answer: { errorCode: number }) => answer.errorCode === 0
  const roll = rest % 10
  if (!member || roll === 0) return testing.join(groupId, memberId).then(taken)
  if (roll === 1) return testing.beat(groupId, memberId, -1).then(taken)
  if (roll === 2 && group && typeof shard !== 'number') {
    const targets = assign(assignmentInput(group, (name) => testing.metadata.topicNamed(name)))
    const { membership } = group
    shard.takeTarget({ group: groupId, membership, members: Object.fromEntries(targets) })
    return Promise.resolve(false)
  }
  const { epoch, assigned } = member.holding
  if (roll < 7) {
    const topicPartitions = [...assigned].map(([topicId, partitions]) => ({
      topicId,
      partitions: [...partitions.keys()],
    }))
    return testing.beat(groupId, memberId, epoch, { topicPartitions }).then(taken)
  }
  const offsets = Object.fromEntries([0, 1, 2, 3].map((partition) => [partition, rest + partition]))
  return testing.commit(groupId, memberId, epoch, offsets).then((codes) => codes.includes(0))
}

test('nothing that was answered is lost, and nothing is half done', async () => {
  const totals = { taken: 0, unanswered: 0, cuts: 0 }
  const life = fc.array(fc.nat(1_000_000), { minLength: 10, maxLength: 80, size: 'max' })
  const run = async (lives: number[][]) => {
    const testing = await TestingCoordinator.start({ groupLogSnapshotBytes: 2_000 })
    for (const numbers of lives) {
      const states = [dump(testing)]
      const answered: boolean[] = []
      for (const [at, number] of numbers.entries()) {
        answered.push(false)
        void act(testing, number).then((taken) => {
          answered[at] = taken
        })
        states.push(dump(testing))
        // Sometimes the answers come at once, sometimes many steps are under way.
        if (number % 7 === 0) await settle()
      }
      const known = [...answered]
      await testing.restart()
      for (const [partition, found] of dump(testing)) {
        const at = states.findLastIndex((state) => state.get(partition) === found)
        expect(at, `partition ${partition} is in a state that never was`).toBeGreaterThanOrEqual(0)
        expect(at, 'a step that was answered is lost').toBeGreaterThanOrEqual(lastAnswered(states, known, partition))
      }
      totals.taken += known.filter(Boolean).length
      totals.unanswered += known.filter((taken) => !taken).length
    }
    if ([...testing.partitions.all()].some(({ startOffset }) => startOffset > 0)) totals.cuts++
  }
  await fc.assert(fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4, size: 'max' }), run), {
    numRuns: 40,
    endOnFailure: true,
  })
  for (const [what, count] of Object.entries(totals)) expect(count, what).toBeGreaterThan(10)
})

/** The first state that has every answered step of the partition: later steps left it as it was, or came after. */
function lastAnswered(states: readonly Map<number, string>[], answered: readonly boolean[], partition: number): number {
  let last = 0
  for (const [at, taken] of answered.entries()) {
    const changed = states[at]!.get(partition) !== states[at + 1]!.get(partition)
    if (taken && changed) last = at + 1
  }
  return last
}
