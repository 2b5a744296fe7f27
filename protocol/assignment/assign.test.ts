import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartitionsByTopic } from '../heartbeat/index.ts'
import { type AssignInput, assign } from './index.ts'

type Assignment = Record<string, PartitionsByTopic>
type Subscriptions = Record<string, string[]>

function input(subscriptions: Subscriptions, counts: Record<string, number>, current: Assignment): AssignInput {
  return {
    members: Object.entries(subscriptions).map(([memberId, topics]) => ({ memberId, rack: null, topics })),
    partitions: Object.entries(counts).map(([topicId, count]) => ({ topicId, count })),
    current: new Map(Object.entries(current)),
  }
}

describe('cases', () => {
  const table: {
    title: string
    members: Subscriptions
    counts: Record<string, number>
    now?: Assignment
    next: Assignment
  }[] = [
    { title: 'nobody', members: {}, counts: { t: 3 }, next: {} },
    { title: 'no partitions', members: { a: ['t'] }, counts: {}, next: { a: {} } },
    { title: 'one member has all', members: { a: ['t'] }, counts: { t: 3 }, next: { a: { t: [0, 1, 2] } } },
    {
      title: 'a topic that nobody wants has no owner',
      members: { a: ['t'] },
      counts: { t: 1, other: 5 },
      next: { a: { t: [0] } },
    },
    {
      title: 'two members share, topic by topic',
      members: { a: ['t', 'u'], b: ['t', 'u'] },
      counts: { t: 3, u: 3 },
      next: { a: { t: [0, 2], u: [1] }, b: { t: [1], u: [0, 2] } },
    },
    {
      title: 'more members than partitions: someone waits',
      members: { a: ['t'], b: ['t'], c: ['t'] },
      counts: { t: 2 },
      next: { a: { t: [0] }, b: { t: [1] }, c: {} },
    },
    {
      title: 'a joining member gets its share and no more; what others keep does not change',
      members: { a: ['t'], b: ['t'], c: ['t'] },
      counts: { t: 6 },
      now: { a: { t: [0, 2, 4] }, b: { t: [1, 3, 5] } },
      next: { a: { t: [0, 2] }, b: { t: [1, 3] }, c: { t: [4, 5] } },
    },
    {
      title: 'a leaving member leaves only its own',
      members: { a: ['t'], c: ['t'] },
      counts: { t: 6 },
      now: { a: { t: [0, 2] }, b: { t: [1, 3] }, c: { t: [4, 5] } },
      next: { a: { t: [0, 1, 2] }, c: { t: [3, 4, 5] } },
    },
    {
      title: 'a difference of one is even enough: nothing moves',
      members: { a: ['t'], b: ['t'] },
      counts: { t: 3 },
      now: { a: { t: [0] }, b: { t: [1, 2] } },
      next: { a: { t: [0] }, b: { t: [1, 2] } },
    },
    {
      title: 'new partitions go to who has least',
      members: { a: ['t'], b: ['t'] },
      counts: { t: 5 },
      now: { a: { t: [0] }, b: { t: [1, 2] } },
      next: { a: { t: [0, 3, 4] }, b: { t: [1, 2] } },
    },
    {
      title: 'what a member no longer wants, and what no longer exists, is taken from it',
      members: { a: ['t'], b: ['t', 'u'] },
      counts: { t: 1, u: 1 },
      now: { a: { t: [0, 1], u: [0], gone: [0] }, b: {} },
      next: { a: { t: [0] }, b: { u: [0] } },
    },
    {
      title: 'a partition that two claim stays with the first by id',
      members: { a: ['t'], b: ['t'] },
      counts: { t: 2 },
      now: { b: { t: [0, 1] }, a: { t: [0] } },
      next: { a: { t: [0] }, b: { t: [1] } },
    },
    {
      title: 'who alone wants a topic gets it, and less of what others want too',
      members: { a: ['t', 'u'], b: ['t'] },
      counts: { t: 4, u: 2 },
      next: { a: { t: [2], u: [0, 1] }, b: { t: [0, 1, 3] } },
    },
    {
      title: 'a chain: a cannot give to c, but b can, and a to b',
      members: { a: ['t'], b: ['t', 'u'], c: ['u'] },
      counts: { t: 4, u: 2 },
      now: { a: { t: [0, 1, 2] }, b: { t: [3], u: [0] }, c: { u: [1] } },
      next: { a: { t: [0, 1] }, b: { t: [2, 3] }, c: { u: [0, 1] } },
    },
    {
      title: 'a moved topic is the one of which there is most, so that topics stay spread',
      members: { a: ['t', 'u'], b: ['t', 'u'] },
      counts: { t: 2, u: 2 },
      now: { a: { t: [0, 1], u: [0, 1] } },
      next: { a: { t: [0], u: [0] }, b: { t: [1], u: [1] } },
    },
  ]
  test.each(table)('$title', ({ members, counts, now = {}, next }) => {
    expect(Object.fromEntries(assign(input(members, counts, now)))).toEqual(next)
  })
})

// ---------------------------------------------------------------- properties

const names = (prefix: string, max: number) =>
  fc.integer({ min: 1, max }).map((count) => Array.from({ length: count }, (_, index) => `${prefix}${index}`))

/** Members, topics, who wants what, and something (often wrong) that members hold now. */
function problem(options: {
  membersMax: number
  topicsMax: number
  countMax: number
  alike: boolean
  claimedOnce?: boolean
}) {
  return fc.tuple(names('m', options.membersMax), names('t', options.topicsMax)).chain(([members, topics]) =>
    fc
      .record({
        wanted: fc.array(fc.subarray(topics), { minLength: members.length, maxLength: members.length }),
        counts: fc.array(fc.nat(options.countMax), { minLength: topics.length, maxLength: topics.length }),
        held: fc.array(
          fc.tuple(fc.constantFrom(...members, 'gone'), fc.constantFrom(...topics), fc.nat(options.countMax)),
          {
            maxLength: 12,
          },
        ),
      })
      .map(({ wanted, counts, held }) => {
        const claimed = new Set<string>()
        const current: Record<string, Record<string, number[]>> = {}
        for (const [member, topic, partition] of held) {
          if (options.claimedOnce && claimed.has(`${topic}/${partition}`)) continue
          claimed.add(`${topic}/${partition}`)
          current[member] ??= {}
          current[member][topic] = [...(current[member][topic] ?? []), partition]
        }
        return input(
          Object.fromEntries(members.map((member, index) => [member, options.alike ? topics : wanted[index]!])),
          Object.fromEntries(topics.map((topic, index) => [topic, counts[index]!])),
          current,
        )
      }),
  )
}

const anyProblem = problem({ membersMax: 8, topicsMax: 5, countMax: 9, alike: false })
const alikeProblem = problem({ membersMax: 8, topicsMax: 4, countMax: 9, alike: true })

const count = (partitions: PartitionsByTopic = {}) =>
  Object.values(partitions).reduce((sum, list) => sum + list.length, 0)
const flat = (partitions: PartitionsByTopic = {}) =>
  Object.entries(partitions).flatMap(([topic, list]) => list.map((partition) => `${topic}/${partition}`))

/** How many partitions have another owner than before, or one where they had none. */
function moves(before: AssignInput['current'], after: AssignInput['current']): number {
  let moved = 0
  for (const [member, partitions] of after) {
    const had = new Set(flat(before.get(member)))
    for (const partition of flat(partitions)) if (!had.has(partition)) moved++
  }
  return moved
}

describe('always', () => {
  test('each partition of a subscribed topic has exactly one owner, one of its subscribers', () => {
    fc.assert(
      fc.property(anyProblem, (given) => {
        const owned: string[] = []
        for (const [memberId, partitions] of assign(given)) {
          const { topics } = given.members.find((member) => member.memberId === memberId)!
          for (const topic of Object.keys(partitions)) expect(topics).toContain(topic)
          owned.push(...flat(partitions))
        }
        const wanted = given.partitions
          .filter(({ topicId }) => given.members.some(({ topics }) => topics.includes(topicId)))
          .flatMap(({ topicId, count }) => Array.from({ length: count }, (_, partition) => `${topicId}/${partition}`))
        expect(owned.sort()).toEqual(wanted.sort())
      }),
    )
  })

  test('assigning again moves nothing', () => {
    fc.assert(
      fc.property(anyProblem, (given) => {
        const once = assign(given)
        expect(assign({ ...given, current: once })).toEqual(once)
      }),
    )
  })

  test('the order of the input does not matter', () => {
    const withOrder = anyProblem.chain((given) =>
      fc.record({
        given: fc.constant(given),
        members: fc.shuffledSubarray([...given.members], { minLength: given.members.length }),
        partitions: fc.shuffledSubarray([...given.partitions], { minLength: given.partitions.length }),
        current: fc.shuffledSubarray([...given.current], { minLength: given.current.size }),
      }),
    )
    fc.assert(
      fc.property(withOrder, ({ given, members, partitions, current }) => {
        const shuffled = members.map((member) => ({ ...member, topics: [...member.topics].reverse() }))
        expect(assign({ members: shuffled, partitions, current: new Map(current) })).toEqual(assign(given))
      }),
    )
  })
})

describe('where all subscribe alike', () => {
  test('counts differ by one at most', () => {
    fc.assert(
      fc.property(alikeProblem, (given) => {
        const counts = [...assign(given).values()].map(count)
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('a leaving member moves only what it had', () => {
    fc.assert(
      fc.property(alikeProblem, fc.nat(), (given, who) => {
        fc.pre(given.members.length > 1)
        const before = assign(given)
        const gone = given.members[who % given.members.length]!.memberId
        const after = assign({
          ...given,
          members: given.members.filter(({ memberId }) => memberId !== gone),
          current: before,
        })
        expect(moves(before, after)).toBe(count(before.get(gone)))
      }),
    )
  })

  test('a joining member takes its share, and nobody else gets anything', () => {
    fc.assert(
      fc.property(alikeProblem, (given) => {
        const before = assign(given)
        const joining = { ...given.members[0]!, memberId: 'joining' }
        const after = assign({ ...given, members: [...given.members, joining], current: before })
        const all = [...after.values()].reduce((sum, partitions) => sum + count(partitions), 0)
        expect(moves(before, after)).toBe(count(after.get('joining')))
        expect(count(after.get('joining'))).toBe(Math.floor(all / after.size))
      }),
    )
  })
})

// ---------------------------------------------------------------- against a naive twin, which tries everything

/** Of all assignments: the least sum of squares (the most even), and the least moves among those. */
function best(given: AssignInput): { unevenness: number; moves: number } {
  const ids = given.partitions.flatMap(({ topicId, count }) =>
    Array.from({ length: count }, (_, partition) => ({ topicId, partition })),
  )
  const members = given.members.map(({ memberId, topics }) => ({ memberId, topics: new Set(topics) }))
  const owner = ({ topicId, partition }: { topicId: string; partition: number }) =>
    members.findIndex(
      ({ memberId, topics }) => topics.has(topicId) && given.current.get(memberId)?.[topicId]?.includes(partition),
    )
  const loads = members.map(() => 0)
  let found = { unevenness: Infinity, moves: Infinity }
  const choose = (index: number, moved: number) => {
    if (index === ids.length) {
      const unevenness = loads.reduce((sum, load) => sum + load * load, 0)
      if (unevenness < found.unevenness || (unevenness === found.unevenness && moved < found.moves)) {
        found = { unevenness, moves: moved }
      }
      return
    }
    const now = owner(ids[index]!)
    let free = true
    for (const [which, member] of members.entries()) {
      if (!member.topics.has(ids[index]!.topicId)) continue
      free = false
      loads[which]!++
      choose(index + 1, moved + (which === now ? 0 : 1))
      loads[which]!--
    }
    if (free) choose(index + 1, moved)
  }
  choose(0, 0)
  return found
}

test('ten thousand partitions of one member are shared among a thousand', () => {
  const members = Array.from({ length: 1000 }, (_, index) => `m${index}`)
  const topics = Array.from({ length: 100 }, (_, index) => `t${index}`)
  const everything = input({ m0: topics }, Object.fromEntries(topics.map((topic) => [topic, 100])), {})
  const subscriptions = Object.fromEntries(members.map((member) => [member, topics]))
  const after = assign({
    ...input(subscriptions, {}, {}),
    partitions: everything.partitions,
    current: assign(everything),
  })
  expect([...after.values()].every((partitions) => count(partitions) === 10)).toBe(true)
})

describe('beside a twin that tries everything', () => {
  const unevenness = (assignment: ReadonlyMap<string, PartitionsByTopic>) =>
    [...assignment.values()].reduce((sum, partitions) => sum + count(partitions) ** 2, 0)

  test('no assignment is more even, whatever members subscribe to', () => {
    fc.assert(
      fc.property(problem({ membersMax: 4, topicsMax: 4, countMax: 2, alike: false }), (given) => {
        expect(unevenness(assign(given))).toBe(best(given).unevenness)
      }),
      { numRuns: 300 },
    )
  })

  test('and where all subscribe alike, none that is as even moves fewer', () => {
    fc.assert(
      fc.property(problem({ membersMax: 4, topicsMax: 3, countMax: 2, alike: true, claimedOnce: true }), (given) => {
        expect(moves(given.current, assign(given))).toBe(best(given).moves)
      }),
      { numRuns: 300 },
    )
  })
})
