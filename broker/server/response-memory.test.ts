import { describe, expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ResponseMemory } from './response-memory.ts'

const MiB = 1024 * 1024

function make(bytesMax: number) {
  const clock = new FakeClock()
  const memory = new ResponseMemory(clock, bytesMax)
  const turns: string[] = []
  return { clock, memory, turns }
}

describe('a read takes', () => {
  test.each([
    ['all that it wants, when there is room', 2, 1, 5, 5],
    ['a mebibyte, when there is not', 6, 0.1, 5, 1],
    ['its first batch, when that is more', 6, 2, 5, 2],
    ['less than a mebibyte, when it wants no more', 7.5, 0.1, 0.5, 0.5],
    ['nothing, when that does not fit either', 7.5, 0.1, 5, 0],
    ['more than there is at all, when nobody has anything', 0, 12, 20, 20],
    ['at least its first batch, or nothing', 1, 12, 20, 0],
  ])('%s', (_, used, least, most, granted) => {
    const { memory } = make(8 * MiB)
    if (used > 0) memory.room().take(used * MiB, used * MiB)
    const room = memory.room()
    expect(room.take(least * MiB, most * MiB)).toBe(granted * MiB)
    expect(memory.usedBytes).toBe((used + granted) * MiB)
    expect(room.endRead() > 0).toBe(granted === 0)
    room.giveBack()
    room.giveBack()
    expect(memory.usedBytes).toBe(used * MiB)
  })
})

test('who waits gets its turn in the order of asking, holding what it asked for; nobody overtakes', async () => {
  const { clock, memory, turns } = make(8 * MiB)
  const first = memory.room()
  first.take(MiB, 8 * MiB)
  const rooms = ['a', 'b', 'c'].map((name) => {
    const room = memory.room()
    expect(room.take(6 * MiB, 6 * MiB)).toBe(0)
    const waiting = room.wait(room.endRead(), () => turns.push(name))
    return { room, waiting }
  })
  await clock.turn()
  expect([turns, memory.waiting, memory.usedBytes]).toEqual([[], 3, 8 * MiB])
  first.giveBack()
  expect(memory.room().take(1, 1)).toBe(0)
  await clock.turn()
  expect([turns, memory.waiting, memory.usedBytes]).toEqual([['a'], 2, 6 * MiB])
  // It reads less in the end: the rest goes back at once.
  expect(rooms[0]!.room.take(MiB, 2 * MiB)).toBe(2 * MiB)
  expect(rooms[0]!.room.endRead()).toBe(0)
  await clock.turn()
  expect([turns, memory.usedBytes]).toEqual([['a', 'b'], 8 * MiB])
  rooms[2]!.waiting.cancel()
  // It reads nothing in the end.
  rooms[1]!.room.endRead()
  rooms[0]!.room.giveBack()
  await clock.turn()
  expect([turns, memory.waiting, memory.usedBytes]).toEqual([['a', 'b'], 0, 0])
})
