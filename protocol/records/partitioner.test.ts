import { expect, test } from 'vitest'
import { murmur2, partitionForKey } from './index.ts'

// Printed by org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.3.1.
test.each([
  ['', 275646681],
  ['a', -1563381124],
  ['ab', 316155434],
  ['abc', 479470107],
  ['abcd', -1323649548],
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['größer ☃', -1584846229],
  ['\u0000\u00ff', -1951946001],
])('murmur2 of %j is %i, as in Java', (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
})

test('a negative hash loses its sign bit, as in Java', () => {
  // Negated instead, 21 would go to partition 8 of 100.
  expect(partitionForKey(Buffer.from('21'), 100)).toBe((-973932308 & 0x7fffffff) % 100)
  expect((-973932308 & 0x7fffffff) % 100).toBe(40)
})
