import { describe, expect, test } from 'vitest'
import { choosePartition, keyPartition, type PartitionLoad, StickyPartitioner } from './partitioner.ts'

/** Gives every lot in turn. */
function sweep(steps: number) {
  let step = 0
  return { next: () => (step++ % steps) / steps, bytes: (length: number) => new Uint8Array(length) }
}

const load = (queued: number, available = true): PartitionLoad => ({ queued, available })

describe('keys', () => {
  // From Kafka's Java client: toPositive(murmur2(key)) % partitions.
  test.each([
    ['21', 1000, -973932308],
    ['foobar', 1000, -790332482],
    ['a-little-bit-long-string', 1000, -985981536],
    ['a-little-bit-longer-string', 1000, -1486304829],
  ])('%s goes where the Java client sends it', (key, count, hash) => {
    expect(keyPartition(key, count)).toBe((hash & 0x7fffffff) % count)
    expect(keyPartition(Buffer.from(key), count)).toBe(keyPartition(key, count))
  })

  test('a text that is not ASCII is hashed as UTF-8', () => {
    expect(keyPartition('schlüssel', 97)).toBe(keyPartition(Buffer.from('schlüssel', 'utf8'), 97))
  })
})

describe('without a key', () => {
  const lots = 840
  const cases: { name: string; loads: PartitionLoad[]; share: number[] }[] = [
    { name: 'all alike', loads: [load(0), load(0), load(0)], share: [280, 280, 280] },
    { name: 'a longer queue is chosen less often', loads: [load(2), load(0), load(1)], share: [140, 420, 280] },
    { name: 'one without a leader is left out', loads: [load(0, false), load(0), load(0)], share: [0, 420, 420] },
    { name: 'none has a leader', loads: [load(0, false), load(0, false)], share: [420, 420] },
  ]
  test.each(cases)('$name', ({ loads, share }) => {
    const random = sweep(lots)
    const counts = loads.map(() => 0)
    for (let lot = 0; lot < lots; lot++) counts[choosePartition(loads, random)]!++
    expect(counts).toEqual(share)
  })

  test('stays until the batch of its partition is closed', () => {
    const sticky = new StickyPartitioner(sweep(4), () => [load(0), load(0), load(0), load(0)])
    expect([sticky.partition(), sticky.partition()]).toEqual([0, 0])
    sticky.closed(3)
    expect(sticky.partition()).toBe(0)
    sticky.closed(0)
    expect(sticky.partition()).toBe(1)
  })
})
