// When a group counts as through with a log: a run ends by it.
import { expect, test } from 'vitest'
import { RunRecorder } from './recorder.ts'

const group = 'workers'
const partition = 'single/0'

test('what was committed before a loss says nothing of the records that came after it', () => {
  const recorder = new RunRecorder()
  expect(recorder.isThrough(group, partition, { end: 0, lastEpoch: -1 })).toBe(true)
  handle(recorder, 2, 1)
  expect(recorder.isThrough(group, partition, { end: 3, lastEpoch: 1 })).toBe(false)
  recorder.commit({ group, partition, offset: 3, atMs: 2 })
  expect(recorder.isThrough(group, partition, { end: 3, lastEpoch: 1 })).toBe(true)
  // It lost all but the first, and one came: below what is committed. Then as many as there were.
  expect(recorder.isThrough(group, partition, { end: 2, lastEpoch: 2 })).toBe(false)
  expect(recorder.isThrough(group, partition, { end: 3, lastEpoch: 2 })).toBe(false)
  handle(recorder, 2, 2)
  expect(recorder.isThrough(group, partition, { end: 3, lastEpoch: 2 })).toBe(true)
})

function handle(recorder: RunRecorder, offset: number, leaderEpoch: number): void {
  const what = { topic: 'single', key: 'k', n: offset, group, member: 'm', partition, offset, leaderEpoch, epoch: 1 }
  recorder.end(recorder.begin({ ...what, startMs: 1 }), 1, true)
}
