import { expect, test } from 'vitest'
import { WorldClock } from '../testing/world.ts'
import { Hub } from './hub.ts'

function watching(...subjects: string[]) {
  const clock = new WorldClock()
  const hub = new Hub(clock, () => 3)
  const told: string[] = []
  const versions: number[] = []
  const watches = subjects.map((subject) =>
    hub.watch(subject, (name, version) => {
      told.push(`${name}@${clock.nowMs() - 1_000}`)
      versions.push(version)
    }),
  )
  return { clock, hub, told, versions, watches }
}

test('a change is told at once, a flood of them once in 200 ms with the newest version, the last one always', async () => {
  const { clock, hub, told, versions, watches } = watching('topics')
  for (let ms = 0; ms < 500; ms += 10) {
    hub.touch('topics')
    await clock.pass(10)
  }
  await clock.pass(1_000)
  expect(told).toEqual(['topics@0', 'topics@200', 'topics@400', 'topics@600'])
  expect(versions).toEqual([...versions].sort((a, b) => a - b))
  expect(versions[0]).toBeGreaterThan(watches[0]?.version ?? Number.POSITIVE_INFINITY)
})

test('one subject does not wait for another', async () => {
  const { clock, hub, told } = watching('topics', 'groups')
  hub.touch('topics')
  await clock.pass(10)
  hub.touch('topics')
  await clock.pass(10)
  hub.touch('groups')
  await clock.pass(500)
  expect(told).toEqual(['topics@0', 'groups@20', 'topics@200'])
})

test('what nobody watches is not remembered; who comes back gets a version that never was', async () => {
  const { clock, hub, told, watches } = watching('topics')
  hub.touch('brokers')
  watches[0]?.end()
  expect(hub.isWatched).toBe(false)
  hub.touch('topics')
  await clock.pass(1_000)
  expect(told).toEqual([])
  expect(clock.pending).toBe(0)
  const again = hub.watch('topics', () => undefined)
  expect(again.version).toBeGreaterThan(watches[0]?.version ?? Number.POSITIVE_INFINITY)
})
