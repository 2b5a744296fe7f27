import type { AlterConfigsArgs } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import { changedConfigs } from './alter-configs.ts'

type Changes = AlterConfigsArgs['changes']

const before = { 'retention.ms': '5', 'cleanup.policy': 'delete', 'of.a.newer.release': '1' }

describe('settings that are altered', () => {
  const cases: [string, Changes, Record<string, string | null>][] = [
    ['nothing', [], {}],
    ['set', [{ name: 'segment.ms', operation: 'set', value: '7' }], { 'segment.ms': '7' }],
    ['set to what it is', [{ name: 'retention.ms', operation: 'set', value: '5' }], {}],
    ['back to the default', [{ name: 'retention.ms', operation: 'delete' }], { 'retention.ms': null }],
    ['back, where it is so already', [{ name: 'leader.replication.throttled.replicas', operation: 'delete' }], {}],
    [
      'back, though unknown to this release',
      [{ name: 'of.a.newer.release', operation: 'delete' }],
      { 'of.a.newer.release': null },
    ],
    [
      'an item more',
      [{ name: 'cleanup.policy', operation: 'append', value: 'compact' }],
      { 'cleanup.policy': 'delete,compact' },
    ],
    ['an item that is there', [{ name: 'cleanup.policy', operation: 'append', value: 'delete' }], {}],
    [
      'items more, where none is set',
      [{ name: 'follower.replication.throttled.replicas', operation: 'append', value: '0:1, 0:2,0:1' }],
      { 'follower.replication.throttled.replicas': '0:1,0:2' },
    ],
    ['an item fewer', [{ name: 'cleanup.policy', operation: 'subtract', value: 'delete' }], { 'cleanup.policy': '' }],
    ['an item that is not there', [{ name: 'cleanup.policy', operation: 'subtract', value: 'compact' }], {}],
  ]
  test.each(cases)('%s', (_, changes, changed) => {
    expect(changedConfigs(before, changes)).toEqual(changed)
  })

  test('what cannot be is said all at once', () => {
    const asked: Changes = [
      { name: 'shoe', operation: 'delete' },
      { name: 'glove', operation: 'append', value: 'x' },
      { name: 'retention.ms', operation: 'append', value: '1' },
      { name: 'segment.ms', operation: 'set', value: '7' },
    ]
    const message = expect.stringMatching(
      /shoe is no topic setting: there are .*; glove is no topic setting.*; retention.ms is no list/,
    )
    expect(() => changedConfigs(before, asked)).toThrow(
      expect.objectContaining({ code: 'TOPIC_SETTING_WRONG', message }),
    )
  })
})
