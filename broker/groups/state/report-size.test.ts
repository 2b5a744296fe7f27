import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Group } from './group.ts'
import { bytesOfTargets } from './report-size.ts'
import { reportOf } from './snapshot.ts'

const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\u0000', 'é', '€', '\ud800'), maxLength: 20 })
const topicId = fc.uuid()
const partitions = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 20 })
const member = fc.record({
  memberId: text,
  rack: fc.option(text),
  topicNames: fc.array(text, { maxLength: 5 }),
  regexTopics: fc.array(text, { maxLength: 5 }),
  target: fc.dictionary(topicId, partitions, { maxKeys: 5 }),
})
const rest = { instanceId: null, clientId: '', clientHost: '', topicRegex: null, rebalanceTimeoutMs: 1 }

test('a group never takes more in a report than it counts for, and nothing when its members are gone', () => {
  fc.assert(
    fc.property(text, fc.array(member, { maxLength: 8 }), (groupId, members) => {
      const group = new Group(groupId)
      const emptyBytes = group.reportBytes
      group.membership = group.revision = Number.MAX_SAFE_INTEGER
      group.head = { ...group.head, epoch: Number.MAX_SAFE_INTEGER }
      // The same id may come twice: then the member is renewed.
      for (const { memberId, target, ...profile } of members) {
        group.apply({ kind: 'member', memberId, value: { ...rest, ...profile } })
        group.apply({ kind: 'target', memberId, value: target })
      }
      const report = reportOf(group, () => true)
      const reallyBytes = Buffer.byteLength(JSON.stringify(report))
      expect(group.reportBytes + bytesOfTargets(report)).toBeGreaterThanOrEqual(reallyBytes)
      for (const memberId of [...group.members.keys()]) group.apply({ kind: 'member', memberId, value: null })
      expect(group.reportBytes).toBe(emptyBytes)
    }),
  )
})
