import { expect, test } from 'vitest'
import { labelChanges, readLabels } from './labels.ts'

test('labels as people write them', () => {
  expect(readLabels('tier=gold\n\n  team = a=b \nempty=')).toEqual({ labels: { tier: 'gold', team: 'a=b', empty: '' } })
  expect(readLabels('')).toEqual({ labels: {} })
  expect(readLabels('tier=gold\nteam')).toEqual({ wrong: 'team' })
  expect(readLabels('=gold')).toEqual({ wrong: '=gold' })
})

test('only what changed is sent, null for what goes', () => {
  expect(labelChanges({ a: '1', b: '2', c: '3' }, { a: '1', b: '9', d: '4' })).toEqual({ b: '9', c: null, d: '4' })
  expect(labelChanges({ a: '1' }, { a: '1' })).toEqual({})
})
