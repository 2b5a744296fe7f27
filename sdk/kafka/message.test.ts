import { buildBatch, crc32c, patchBatch } from '@castellan/protocol/records'
import { expect, test } from 'vitest'
import { MessageReader } from './message.ts'

const source = { topic: 'orders', topicId: '0'.repeat(8), partition: 0 }

/** Batches of two records each, one for each leader epoch, one after another. */
function batches(...leaderEpochs: number[]): Uint8Array {
  return Buffer.concat(
    leaderEpochs.map((partitionLeaderEpoch, index) => {
      const records = [0, 1].map((at) => ({ key: null, value: `${index}-${at}`, headers: [], timestamp: 0 }))
      const batch = buildBatch({ records, compression: 'none' })
      patchBatch(batch, 0, { baseOffset: index * 2, partitionLeaderEpoch })
      return batch
    }),
  )
}

// Found by the simulator (seed 28): offset 3 committed with epoch 4 looks like a log that was cut at offset 2.
test('where it stands has the leader epoch of the message before it, in the middle of a batch too (KIP-320)', () => {
  const reader = new MessageReader(source, batches(4, 7), 0, -1)
  const seen: [number, number][] = []
  while (reader.next() !== undefined) seen.push([reader.nextOffset, reader.leaderEpoch])
  expect(seen).toEqual([
    [1, 4],
    [2, 4],
    [3, 7],
    [4, 7],
  ])
})

test('a batch whose checksum is right and whose records are not is not passed over, however often it is asked for', () => {
  const bytes = Buffer.from(batches(4, 7))
  bytes[61] = 0x7e // its first record says that it is longer than the batch
  bytes.writeUInt32BE(crc32c(bytes.subarray(21, bytes.length / 2)) >>> 0, 17)
  const reader = new MessageReader(source, bytes, 0, -1)
  for (let times = 0; times < 3; times++) {
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'DATA_CORRUPT' }))
  }
  expect(reader.nextOffset).toBe(0)
})
