import { silentLogger } from '@castellan/protocol/runtime'
import { beforeEach, describe, expect, test } from 'vitest'
import type { CastleError } from '../errors.ts'
import { MemoryDisk, type MemoryHooks, MemoryStore } from '../store/memory.ts'
import { WorldClock } from '../testing/world.ts'
import { type AppliedChange, Changes } from './changes.ts'
import type { Draft } from './draft.ts'
import type { Cluster, Topic } from './entities.ts'

const clock = new WorldClock()
let disk: MemoryDisk
let applied: AppliedChange[]
let replaced: CastleError[]
let raised: number

beforeEach(() => {
  disk = new MemoryDisk()
  applied = []
  replaced = []
  raised = 0
})

function open(hooks: MemoryHooks = {}, decisionsMax = 1_000): Promise<Changes> {
  return Changes.open({
    store: new MemoryStore(disk, hooks),
    clock,
    log: silentLogger,
    decisionsMax,
    onApplied: (changes) => applied.push(...changes),
    onEpochRaised: () => {
      raised += 1
    },
    onReplaced: (error) => replaced.push(error),
  })
}

function cluster(draft: Draft, id: string, environment = 'test'): Cluster {
  return { id, kind: 'castellan', environment, flags: {}, version: draft.nextVersion() }
}

const put = (id: string, environment?: string) => (draft: Draft) =>
  draft.put('cluster', cluster(draft, id, environment))

describe('while decisions are held', () => {
  test('they wait, a doubt does not, and they come in the order of asking', async () => {
    const changes = await open()
    changes.hold()
    const order: string[] = []
    const noted = (id: string) => (draft: Draft) => {
      order.push(id)
      put(id)(draft)
    }
    const decided = ['a', 'b'].map((id) => changes.change(noted(id)))
    await changes.changeAtOnce(noted('doubt'))
    await clock.pass(10)
    expect([order, changes.isHeld, changes.state.get('cluster', 'a')]).toEqual([['doubt'], true, undefined])
    changes.release()
    await Promise.all(decided)
    expect([order, changes.isHeld]).toEqual([['doubt', 'a', 'b'], false])
    await changes.change(put('c'))
    expect(changes.state.get('cluster', 'c')).toBeDefined()
  })

  test('they are refused when this Castle stops, and when too many wait', async () => {
    const changes = await open()
    changes.hold()
    const waiting = Array.from({ length: 10_000 }, () =>
      changes.change(put('a')).catch((error: CastleError) => error.code),
    )
    await expect(changes.change(put('a'))).rejects.toMatchObject({ code: 'BUSY' })
    await changes.close()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['NOT_ACTIVE']))
    expect(disk.entries.size).toBe(0)
  })
})

describe('a change', () => {
  test('is seen by nobody, and answered to nobody, before it is on disk (R11)', async () => {
    const { promise: disked, resolve: written } = Promise.withResolvers<void>()
    const changes = await open({ beforeCommit: () => disked })
    let answered = false
    const change = changes.change(put('a')).then(() => {
      answered = true
    })
    await clock.pass(10)
    expect([changes.state.get('cluster', 'a'), answered, applied]).toEqual([undefined, false, []])
    written()
    await change
    expect(changes.state.get('cluster', 'a')).toBeDefined()
    expect(applied).toMatchObject([{ change: { kind: 'cluster', key: 'a' }, before: undefined }])
  })

  test('sees what the one before it did, also when both were asked at once', async () => {
    const changes = await open()
    const results = await Promise.all(
      ['first', 'second'].map((environment) =>
        changes.change((draft) => {
          const before = draft.get('cluster', 'a')?.environment
          draft.put('cluster', cluster(draft, 'a', environment))
          return before
        }),
      ),
    )
    expect(results).toEqual([undefined, 'first'])
  })

  test('that was refused, or could not be written, leaves all as it was; the next one goes on', async () => {
    let full = true
    const changes = await open({
      beforeCommit: async () => {
        if (full) throw new Error('disk full')
      },
    })
    await expect(changes.change(put('a'))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('disk full'),
    })
    const refusal = changes.change((draft) => {
      put('b')(draft)
      throw new Error('refused')
    })
    await expect(refusal).rejects.toThrow('refused')
    expect([...changes.state.all('cluster')]).toEqual([])
    full = false
    await changes.change(put('c'))
    expect([...changes.state.all('cluster')].map(({ id }) => id)).toEqual(['c'])
    expect(applied).toHaveLength(1)
  })

  test('that changes nothing is not written', async () => {
    let commits = 0
    const changes = await open({
      beforeCommit: async () => {
        commits += 1
      },
    })
    expect(await changes.change(() => 7)).toBe(7)
    expect(commits).toBe(0)
  })

  test('of a Castle that was replaced is refused, as are all that follow', async () => {
    const changes = await open()
    const newer = await open()
    await expect(changes.change(put('a'))).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    await expect(changes.change(put('b'))).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    expect(replaced).toHaveLength(1)
    await newer.change(put('c'))
    expect([...disk.entries.keys()]).toEqual(['cluster/c'])
  })
})

describe('a draft', () => {
  test('reads what it has put and removed', async () => {
    const changes = await open()
    await changes.change((draft) => ['a', 'b', 'c'].map((id) => put(id)(draft)))
    await changes.change((draft) => {
      draft.remove('cluster', 'a')
      draft.put('cluster', cluster(draft, 'b', 'production'))
      draft.put('cluster', cluster(draft, 'd'))
      expect(draft.get('cluster', 'a')).toBeUndefined()
      expect([...draft.all('cluster')].map(({ id, environment }) => [id, environment])).toEqual([
        ['b', 'production'],
        ['c', 'test'],
        ['d', 'test'],
      ])
    })
    expect([...changes.state.all('cluster')].map(({ id }) => id)).toEqual(['b', 'c', 'd'])
  })

  test('finds topics by name as it has left them', async () => {
    const changes = await open()
    const topic = (topicId: string, deleted: boolean) => ({ topicId, name: 'orders', cluster: 'c', deleted }) as Topic
    await changes.change((draft) => draft.put('topic', topic('first', false)))
    await changes.change((draft) => {
      expect(draft.topicNamed('c', 'orders')?.topicId).toBe('first')
      draft.put('topic', topic('first', true))
      expect(draft.topicNamed('c', 'orders')).toBeUndefined()
      draft.put('topic', topic('second', false))
      expect(draft.topicNamed('c', 'orders')?.topicId).toBe('second')
    })
    expect(changes.state.topicNamed('c', 'orders')?.topicId).toBe('second')
  })

  test('keeps the number of decisions bounded: the oldest go, on disk too', async () => {
    const changes = await open({}, 3)
    for (let n = 1; n <= 5; n++) {
      await changes.change((draft) => draft.decide({ kind: 'test', what: String(n), why: '', about: [] }))
    }
    expect([...changes.state.all('decision')].map(({ number, what }) => [number, what])).toEqual([
      [3, '3'],
      [4, '4'],
      [5, '5'],
    ])
    expect([...disk.entries.keys()]).toEqual([
      'decision/000000000003',
      'decision/000000000004',
      'decision/000000000005',
    ])
    const again = await open({}, 2)
    await again.change((draft) => draft.decide({ kind: 'test', what: '6', why: '', about: [] }))
    expect([...again.state.all('decision')].map(({ number }) => number)).toEqual([5, 6])
  })
})

describe('what is loaded', () => {
  test('is what was written, and versions go on above it', async () => {
    const first = await open()
    await first.change(put('a'))
    const before = first.state.get('cluster', 'a')
    const second = await open()
    expect(second.state.get('cluster', 'a')).toEqual(before)
    expect(second.nextVersion()).toBeGreaterThan(before?.version ?? Number.POSITIVE_INFINITY)
  })

  test.each([
    ['cluster/a', '{"format":2,"id":"a"}', "entry 'cluster/a' has format 2; this release reads 1"],
    ['cluster/a', '{"for', "entry 'cluster/a' cannot be read"],
    ['letter/1', '{"format":1}', "'letter/1' of a kind unknown to this release"],
  ])('of another release, or broken, stops the start: %s %s', async (key, value, message) => {
    disk.entries.set(key, value)
    await expect(open()).rejects.toMatchObject({ code: 'DATA_VERSION', message: expect.stringContaining(message) })
  })
})

describe('a higher Castle epoch', () => {
  test('gives every subject a version of it, once for all who ask', async () => {
    const changes = await open()
    await changes.change(put('a'))
    const isNeeded = () => changes.castleEpoch < 9
    await Promise.all([changes.raiseEpoch(10, 'heard', isNeeded), changes.raiseEpoch(10, 'heard', isNeeded)])
    expect(changes.castleEpoch).toBe(10)
    expect(raised).toBe(1)
    expect(Math.floor((changes.state.get('cluster', 'a')?.version ?? 0) / 2 ** 32)).toBe(10)
    await changes.change(put('b'))
    expect(disk.castleEpoch).toBe(10)
  })
})

test('producer ids of different Castle epochs never meet', async () => {
  const take = (changes: Changes) => changes.change((draft) => draft.takeProducerIds(1_000))
  const first = await open()
  const starts = [await take(first), await take(first), await take(await open())]
  expect(starts).toEqual([2 ** 32, 2 ** 32 + 1_000, 2 * 2 ** 32])
})
