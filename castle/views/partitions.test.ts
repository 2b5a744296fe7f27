import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import type { Standing } from '../election/standing.ts'
import { missingOf, stateOf } from './partitions.ts'

const rules = { minIsr: 2, keepsElr: true, handsOver: false, electsUnclean: false }
const letters: Record<string, Standing> = { '+': 'fit', f: 'full', s: 'stopping', '!': 'faulty', '-': 'down' }

type Case = [
  what: string,
  partition: Partial<PartitionState>,
  /** Of brokers 1, 2, 3, 4. */
  standings: string,
  state: string,
  missing: string,
]

const cases: Case[] = [
  ['all in sync', {}, '+++', 'ok', ''],
  ['one follower died', { isr: [1, 2] }, '++-', 'under-replicated', '3 down'],
  ['one is catching up', { isr: [1, 2] }, '+++', 'under-replicated', '3 behind'],
  ['one has a bad log', { isr: [1, 2] }, '++!', 'under-replicated', '3 faulty'],
  ['one has a full disk', { isr: [1, 3] }, '+f+', 'under-replicated', '2 full'],
  ['one stops', { isr: [1, 3] }, '+s+', 'under-replicated', '2 stopping'],
  ['two are gone', { isr: [1] }, '+--', 'below-min-isr', '2 down, 3 down'],
  [
    'nobody can lead: the last of the ISR, too, is told',
    { leader: -1, isr: [1] },
    '--+',
    'offline',
    '1 down, 2 down, 3 behind',
  ],
  ['a dead member that Castle has not yet taken out', { isr: [1, 2, 3] }, '++-', 'ok', ''],
  ['a replica joins', { replicas: [1, 2, 3, 4], adding: [4] }, '++++', 'moving', '4 joining'],
  [
    'a replica joins while another is behind',
    { replicas: [1, 2, 3, 4], adding: [4], isr: [1, 2] },
    '++++',
    'under-replicated',
    '3 behind, 4 joining',
  ],
  ['a replica is to go', { removing: [3] }, '+++', 'moving', ''],
]

describe('a partition', () => {
  test.each(cases)('%s', (_, given, standings, state, missing) => {
    const partition = { leader: 1, leaderEpoch: 7, partitionEpoch: 4, replicas: [1, 2, 3], isr: [1, 2, 3], ...given }
    expect(stateOf(partition, rules)).toBe(state)
    const found = missingOf(partition, (id) => letters[standings[id - 1] ?? '-'] ?? 'down')
    expect(found.map(({ broker, why }) => `${broker} ${why}`).join(', ')).toBe(missing)
  })
})
