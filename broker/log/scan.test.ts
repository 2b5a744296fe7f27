import { expect, test } from 'vitest'
import { findBatchBehind, scanBatches } from './scan.ts'
import { batchOf } from './testing.ts'
import { TestingDisk } from './testing-disk.ts'

const MiB = 1024 * 1024

/** A file of these parts, one after another. */
function fileOf(...parts: Uint8Array[]) {
  const disk = new TestingDisk()
  const file = disk.open('/file', 'create')
  file.writev(parts, 0)
  return { file, size: file.size() }
}

/** A sound batch of one record that begins with `offset`. */
function batchAt(offset: number, bytes = 10): Uint8Array {
  const batch = batchOf({ values: ['x'.repeat(bytes)] })
  new DataView(batch.buffer, batch.byteOffset).setUint32(4, offset)
  return batch
}

test.each([
  ['at once', 0],
  ['far behind', 3 * MiB],
  // A header may lie across the end of what is read at a time.
  ...Array.from({ length: 64 }, (_, at): [string, number] => [`${at} bytes before the end of a chunk`, MiB - at]),
])('a sound batch behind damage is found %s', async (_, distance) => {
  const { file, size } = fileOf(new Uint8Array(distance).fill(2), batchAt(7), new Uint8Array(10))
  expect(await findBatchBehind(file, 0, size, 6)).toBe(distance)
  expect(await findBatchBehind(file, 0, size, 7)).toBeUndefined()
  expect(await findBatchBehind(file, 0, size - 11, 6)).toBeUndefined()
})

test('nothing is found in zeros, noise, or a damaged batch', async () => {
  const broken = batchAt(7)
  broken[62]! ^= 1
  for (const bytes of [new Uint8Array(MiB), new Uint8Array(MiB).fill(2), broken, new Uint8Array(3)]) {
    const { file, size } = fileOf(bytes)
    expect(await findBatchBehind(file, 0, size, 0)).toBeUndefined()
  }
})

test('a scan goes over batches of any size, and says where it ends', async () => {
  const batches = [10, 2 * MiB, 100, MiB - 500, 5, 3 * MiB].map((bytes, offset) => batchAt(offset, bytes))
  const { file, size } = fileOf(...batches)
  const scan = async (endPosition: number) => {
    const seen: number[] = []
    const end = await scanBatches(file, { position: 0, endPosition, offset: 0 }, ({ baseOffset }) => {
      seen.push(baseOffset)
      return undefined
    })
    return { seen, ...end }
  }
  expect(await scan(size)).toEqual({ seen: [0, 1, 2, 3, 4, 5], position: size, offset: 6, problem: null })
  const last = batches.at(-1)!.length
  expect(await scan(size - 1)).toMatchObject({
    seen: [0, 1, 2, 3, 4],
    position: size - last,
    offset: 5,
    problem: expect.any(String),
  })
  expect(await scan(size + 1)).toMatchObject({ seen: [0, 1, 2, 3, 4, 5], position: size, problem: expect.any(String) })
})
