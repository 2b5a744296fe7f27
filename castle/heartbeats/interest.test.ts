// Whoever is interested hears of it, however a sender's interests came, went and changed places: held against a naive twin.
import { expect, test } from 'vitest'
import { SeededRandom } from '../testing/world.ts'
import { Interest } from './interest.ts'
import { Session } from './session.ts'

const audiences = ['cluster/c', 'group/c/g', 'topic/c/a', 'topic/c/b', 'topic/c/d']
const report = { kind: 'client' as const, service: 's', host: 'h', pid: 1, release: 't', cluster: null }
const session = (id: string) => new Session('client', id, 'i', [], { ...report, topics: [], groups: [], holds: {} })

test.each([1, 2, 3, 4])('interests as they were last set, whatever they were before (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const left: string[] = []
  const interest = new Interest((audience) => left.push(audience))
  const sessions = ['1', '2', '3'].map(session)
  const twin = new Map(sessions.map((each) => [each, new Set<string>()]))
  const interestedIn = (audience: string) => sessions.filter((each) => twin.get(each)?.has(audience))
  for (let step = 0; step < 300; step++) {
    const one = sessions[Math.floor(random.next() * sessions.length)]!
    const before = audiences.filter((audience) => interestedIn(audience).length > 0)
    // Most often it grows or shrinks at its end; a name may stand there twice.
    const kept = one.interests.slice(0, Math.floor(random.next() * (one.interests.length + 1)))
    const now = [...kept, ...audiences.filter(() => random.next() < 0.3)]
    interest.set(one, now)
    twin.set(one, new Set(now))
    for (const audience of audiences) expect(new Set(interest.of(audience))).toEqual(new Set(interestedIn(audience)))
    const gone = before.filter((audience) => interestedIn(audience).length === 0)
    expect(left.splice(0).sort()).toEqual(gone.sort())
  }
})

test('a list that grows at its end costs what is new, not what was there', () => {
  const interest = new Interest(() => undefined)
  const one = session('1')
  const many = Array.from({ length: 1_000 }, (_, index) => `topic/c/${index}`)
  interest.set(one, many)
  let looks = 0
  const all = new Proxy([...many, 'topic/c/new'], {
    get(target, key, receiver) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1
      return Reflect.get(target, key, receiver)
    },
  })
  interest.set(one, all)
  expect([...interest.of('topic/c/new')]).toEqual([one])
  // Each is compared once; beside them only the new one is looked at.
  expect(looks).toBeLessThan(1_010)
})
