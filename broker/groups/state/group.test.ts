// The state machine of a group, as scenarios: who says what, and what comes of it.

import { errors } from '@castellan/protocol'
import { describe, expect, test } from 'vitest'
import { joiningBeat, rebalanceMs, Scenario, sessionMs } from './scenario.ts'

type Lines = readonly (readonly [sentence: string, outcome: string])[]

const twoMembers: Lines = [
  ['a joins', 'epoch 1, holds nothing'],
  ['castle gives a 0-3', 'taken'],
  ['a beats', 'epoch 2, holds 0 1 2 3'],
  ['a beats owning 0-3', 'epoch 2'],
  ['b joins', 'epoch 2, holds nothing'],
  ['castle gives a 0-1, b 2-3', 'taken'],
]

const staticMember: Lines = [
  ['a joins as i1', 'epoch 1, holds nothing'],
  ['castle gives a 0-1', 'taken'],
  ['a beats', 'epoch 2, holds 0 1'],
]

const scenarios: Record<string, Lines> = {
  'one member gets all, and a steady heartbeat is answered shortly': [
    ['a joins', 'epoch 1, holds nothing'],
    ['a beats owning nothing', 'epoch 1'],
    ['castle gives a 0-3', 'taken'],
    ['a beats', 'epoch 2, holds 0 1 2 3'],
    ['a beats owning 0-3', 'epoch 2'],
    ['a beats', 'epoch 2'],
  ],
  'a partition goes over only when its owner has given it up; the others are never touched': [
    ...twoMembers,
    ['b beats', 'epoch 3, holds nothing'],
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ['b beats owning nothing', 'epoch 3'],
    ['a beats owning 0-2', 'epoch 3, holds 0 1'],
    ['b beats', 'epoch 3'],
    ['a beats owning 0-1', 'epoch 3'],
    ['b beats', 'epoch 3, holds 2 3'],
    ['b beats owning 2-3', 'epoch 3'],
  ],
  'a member leaves: its partitions are free at once': [
    ...twoMembers,
    ['a leaves', 'epoch -1'],
    ['castle gives b 0-3', 'taken'],
    ['b beats', 'epoch 4, holds 0 1 2 3'],
    ['a beats owning 0-3', 'UNKNOWN_MEMBER_ID'],
    ['a leaves', 'UNKNOWN_MEMBER_ID'],
  ],
  'a session runs out: only then is it free': [
    ...twoMembers,
    [`${sessionMs - 1} pass`, 'nothing'],
    ['b beats', 'epoch 3, holds nothing'],
    ['1 pass', 'a: its session ran out'],
    ['b beats owning nothing', 'epoch 3, holds 2 3'],
  ],
  'a member that does not give up in time is out': [
    ...twoMembers,
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ...beatsFor(rebalanceMs - 6_000, 6_000, [
      ['a beats owning 0-3', 'epoch 3, holds 0 1'],
      ['b beats owning nothing', 'epoch 3'],
    ]),
    ['6000 pass', 'a: it did not give up its partitions in time'],
    ['b beats', 'epoch 3, holds 2 3'],
    ['a beats owning 0-3', 'UNKNOWN_MEMBER_ID'],
  ],
  'the time to give up counts from the last heartbeat whose sender had not heard of it': [
    ...twoMembers,
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ['9000 pass', 'nothing'],
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ['b beats', 'epoch 3, holds nothing'],
    ...beatsFor(rebalanceMs - 6_000, 6_000, [
      ['a beats owning 0-3', 'epoch 3, holds 0 1'],
      ['b beats owning nothing', 'epoch 3'],
    ]),
    ['5999 pass', 'nothing'],
    ['1 pass', 'a: it did not give up its partitions in time'],
  ],
  'but one that hears nothing for a whole session has stopped, and is not waited for any longer': [
    ...twoMembers,
    ...beatsFor(rebalanceMs + 6_000, 6_000, [
      ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
      ['b beats at 2 owning nothing', 'epoch 3'],
    ]),
    ['5999 pass', 'nothing'],
    ['1 pass', 'a: it did not give up its partitions in time'],
  ],
  'the time to give up counts anew for a client that starts anew': [
    ...twoMembers,
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ...beatsFor(rebalanceMs - 6_000, 6_000, [
      ['a beats owning 0-3', 'epoch 3, holds 0 1'],
      ['b beats owning nothing', 'epoch 3'],
    ]),
    ['a joins', 'epoch 3, holds 0 1'],
    ['6000 pass', 'nothing'],
    ['a beats owning 0-1', 'epoch 3'],
  ],
  'what a target takes away and a newer one gives back is given up first': [
    ...twoMembers,
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ['castle gives a 0-3', 'taken'],
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ['a beats owning 0-1', 'epoch 4, holds 0 1 2 3'],
  ],
  'an answer was lost: the epoch before is accepted from a member that has no more than it should': [
    ...twoMembers,
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ['a beats at 2 owning 0-4', 'FENCED_MEMBER_EPOCH'],
    ['a beats at 2', 'FENCED_MEMBER_EPOCH'],
    ['a beats at 1 owning 0', 'FENCED_MEMBER_EPOCH'],
    ['a beats at 4 owning 0', 'FENCED_MEMBER_EPOCH'],
  ],
  'a report from before the demand gives nothing up': [
    ...twoMembers,
    ['b beats', 'epoch 3, holds nothing'],
    ['a beats at 2 owning 0-3', 'epoch 3, holds 0 1'],
    ['a beats at 2 owning nothing', 'epoch 3, holds 0 1'],
    ['b beats', 'epoch 3, holds nothing'],
    ['a beats at 3 owning 0-1', 'epoch 3'],
    ['b beats', 'epoch 3, holds 2 3'],
  ],
  'a fenced member joins again under its id, and has what it had; what it loses it still gives up first': [
    ...twoMembers,
    ['a joins', 'epoch 3, holds 0 1'],
    ['b beats', 'epoch 3, holds nothing'],
    ['a beats owning 0-1', 'epoch 3'],
    ['b beats owning nothing', 'epoch 3, holds 2 3'],
  ],
  'a static member goes away and comes back under another id: nobody gets its partitions meanwhile': [
    ...staticMember,
    ['a goes away as i1', 'epoch -2'],
    ['b joins', 'epoch 2, holds nothing'],
    ['a beats at 2 owning 0-1', 'FENCED_MEMBER_EPOCH'],
    ['castle gives a 0, b 1', 'taken'],
    ['b beats', 'epoch 3, holds nothing'],
    ['a2 joins as i1', 'epoch 3, holds 0'],
    ['b beats', 'epoch 3, holds 1'],
    ['a beats at 2 owning 0-1', 'UNKNOWN_MEMBER_ID'],
  ],
  'a static member that does not come back is out when its session is over': [
    ...staticMember,
    ['a goes away as i1', 'epoch -2'],
    [`${sessionMs} pass`, 'a: its session ran out'],
    ['a2 joins as i1', 'epoch 3, holds nothing'],
  ],
  'an instance id is one process at a time': [
    ...staticMember,
    ['x joins as i1', 'UNRELEASED_INSTANCE_ID'],
    ['x goes away as i1', 'FENCED_INSTANCE_ID'],
    ['a beats as i2', 'FENCED_INSTANCE_ID'],
    ['x beats at 2', 'UNKNOWN_MEMBER_ID'],
    ['x goes away as i3', 'UNKNOWN_MEMBER_ID'],
  ],
  'targets of another membership are not taken, nor those that give a partition twice': [
    ...twoMembers,
    ['castle belatedly gives b 0-3', 'of another membership'],
    ['castle gives a 0-2, b 2-3', 'gives a partition twice'],
    ['castle gives a 0-1, b 2-3', 'taken'],
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
  ],
  'commits are taken from owners, at an epoch since which they own the partition': [
    ...twoMembers,
    ['a commits 0 at 2', 'taken'],
    ['a commits 0 at 1', 'STALE_MEMBER_EPOCH'],
    ['a commits 0 at 3', 'STALE_MEMBER_EPOCH'],
    ['a commits 4 at 2', 'STALE_MEMBER_EPOCH'],
    ['nobody commits 0 at -1', 'UNKNOWN_MEMBER_ID'],
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ['a commits 3 at 2', 'taken'],
    ['a commits 3 at 3', 'taken'],
    ['b beats', 'epoch 3, holds nothing'],
    ['b commits 3', 'STALE_MEMBER_EPOCH'],
    ['a beats owning 0-1', 'epoch 3'],
    ['a commits 3 at 2', 'STALE_MEMBER_EPOCH'],
    ['a commits 3 at 3', 'STALE_MEMBER_EPOCH'],
    ['a commits 1 at 2', 'taken'],
    ['b beats owning nothing', 'epoch 3, holds 2 3'],
    ['b commits 3 at 2', 'STALE_MEMBER_EPOCH'],
    ['b commits 3', 'taken'],
    ['b leaves', 'epoch -1'],
    ['b commits 3 at 3', 'UNKNOWN_MEMBER_ID'],
    ['a leaves', 'epoch -1'],
    ['nobody commits 0 at -1', 'taken'],
    ['a commits 0 at 3', 'UNKNOWN_MEMBER_ID'],
  ],
  'a deleted topic is nobody’s': [
    ...twoMembers,
    ['a beats owning 0-3', 'epoch 3, holds 0 1'],
    ['orders is deleted', 'done'],
    ['a beats owning 0-3', 'epoch 3, holds nothing'],
    ['b beats', 'epoch 3, holds nothing'],
    ['a commits 0', 'STALE_MEMBER_EPOCH'],
  ],
  'no more members than allowed, but those who are in may join again': [
    ['a joins', 'epoch 1, holds nothing'],
    ['b joins', 'epoch 1, holds nothing'],
    ['c joins', 'epoch 1, holds nothing'],
    ['d joins', 'GROUP_MAX_SIZE_REACHED'],
    ['a joins', 'epoch 1, holds nothing'],
    ['b leaves', 'epoch -1'],
    ['d joins', 'epoch 1, holds nothing'],
  ],
}

describe('a group', () => {
  test.each(Object.entries(scenarios))('%s', (_, lines) => {
    const scenario = new Scenario()
    const happened = lines.map(([sentence]) => `${sentence} -> ${scenario.run(sentence)}`)
    expect(happened).toEqual(lines.map(([sentence, outcome]) => `${sentence} -> ${outcome}`))
  })
})

describe('a heartbeat that is refused', () => {
  const long = 'x'.repeat(250)
  test.each([
    ['no group', { groupId: '' }, errors.INVALID_REQUEST],
    ['a long group id', { groupId: long }, errors.INVALID_REQUEST],
    ['no member id since version 1', { memberId: '' }, errors.INVALID_REQUEST],
    ['no member id of a member', { apiVersion: 0, memberId: '', memberEpoch: 1 }, errors.INVALID_REQUEST],
    ['an empty instance id', { instanceId: '' }, errors.INVALID_REQUEST],
    ['an empty rack', { rackId: '' }, errors.INVALID_REQUEST],
    ['an epoch that does not exist', { memberEpoch: -3 }, errors.INVALID_REQUEST],
    ['away without an instance id', { memberEpoch: -2 }, errors.INVALID_REQUEST],
    ['joins without a rebalance timeout', { rebalanceTimeoutMs: -1 }, errors.INVALID_REQUEST],
    ['joins with partitions', { topicPartitions: [{ topicId: long, partitions: [1] }] }, errors.INVALID_REQUEST],
    ['joins without saying what it owns', { topicPartitions: null }, errors.INVALID_REQUEST],
    ['joins without topics', { subscribedTopicNames: null }, errors.INVALID_REQUEST],
    ['no topic name', { subscribedTopicNames: [''] }, errors.INVALID_REQUEST],
    [
      'too many names',
      { subscribedTopicNames: Array.from({ length: 2_000 }, () => 'x'.repeat(200)) },
      errors.INVALID_REQUEST,
    ],
    ['another assignor', { serverAssignor: 'range' }, errors.UNSUPPORTED_ASSIGNOR],
    ['a wrong pattern', { subscribedTopicRegex: 'a(' }, errors.INVALID_REGULAR_EXPRESSION],
    ['a pattern that needs backtracking', { subscribedTopicRegex: '(a)\\1' }, errors.INVALID_REGULAR_EXPRESSION],
    ['a long pattern', { subscribedTopicRegex: 'x'.repeat(1_001) }, errors.INVALID_REGULAR_EXPRESSION],
    ['a member nobody knows', { memberEpoch: 1 }, errors.UNKNOWN_MEMBER_ID],
  ] as const)('%s', (_, wrong, error) => {
    const scenario = new Scenario()
    expect(scenario.beat('a', { ...joiningBeat, ...wrong })).toBe(error.name)
    expect(scenario.group.members.size).toBe(0)
  })
})

test('version 0 may join without an id, and is given one', () => {
  const scenario = new Scenario()
  expect(scenario.beat('', { ...joiningBeat, apiVersion: 0 })).toBe('made-1 epoch 1, holds nothing')
  expect(scenario.run('made-1 beats')).toBe('epoch 1')
})

test('a pattern subscribes to the topics that it matches as a whole', () => {
  const scenario = new Scenario()
  scenario.beat('a', { ...joiningBeat, subscribedTopicNames: null, subscribedTopicRegex: 'ord.*' })
  scenario.beat('b', { ...joiningBeat, subscribedTopicNames: null, subscribedTopicRegex: 'ord' })
  expect([...scenario.group.members.values()].map(({ profile }) => profile.regexTopics)).toEqual([['orders'], []])
})

/** The lines, again and again: every `stepMs`, until `totalMs` have passed. */
function beatsFor(totalMs: number, stepMs: number, lines: Lines): Lines {
  const rounds = Array.from({ length: totalMs / stepMs }, () => [[`${stepMs} pass`, 'nothing'] as const, ...lines])
  return rounds.flat()
}
