// What every store does; each kind of store joins with a few lines (memory.test.ts, sqlite.test.ts).
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Change, Store } from './store.ts'

export interface StoreUnderTest {
  store: Store
  /** The store as a next process finds it: opened again over the same data. */
  reopen(): Promise<Store>
}

export function storeCases(make: () => Promise<StoreUnderTest>): void {
  test('an empty store holds nothing', async () => {
    const { store } = await make()
    expect(await store.load()).toEqual([])
    await store.close()
  })

  test('the Castle epoch rises with each lease, across processes, and to what is asked at least', async () => {
    const { store, reopen } = await make()
    expect(await store.lease(0)).toEqual({ castleEpoch: 1 })
    expect(await store.lease(0)).toEqual({ castleEpoch: 2 })
    expect(await store.lease(9)).toEqual({ castleEpoch: 9 })
    expect(await store.lease(3)).toEqual({ castleEpoch: 10 })
    await store.close()
    const again = await reopen()
    expect(await again.lease(0)).toEqual({ castleEpoch: 11 })
    await again.close()
  })

  test('no Castle epoch is beyond the highest that messages can say: refused, and nothing is changed', async () => {
    const { store, reopen } = await make()
    expect(await store.lease(7)).toEqual({ castleEpoch: 7 })
    await expect(store.lease(castleEpochMax + 1)).rejects.toMatchObject({ code: 'EPOCHS_USED_UP' })
    expect(await store.lease(castleEpochMax)).toEqual({ castleEpoch: castleEpochMax })
    await expect(store.lease(0)).rejects.toMatchObject({ code: 'EPOCHS_USED_UP' })
    await store.commit([{ key: 'a', value: 'still' }], castleEpochMax)
    await store.close()
    const again = await reopen()
    await expect(again.lease(0)).rejects.toMatchObject({
      code: 'EPOCHS_USED_UP',
      message: expect.stringContaining(`the store has ${castleEpochMax}`),
    })
    expect(await again.load()).toEqual([{ key: 'a', value: 'still' }])
    await again.close()
  })

  test('a commit under an epoch that is not the newest changes nothing', async () => {
    const { store } = await make()
    const { castleEpoch: old } = await store.lease(0)
    await store.commit([{ key: 'a', value: 'first' }], old)
    const { castleEpoch } = await store.lease(0)
    await expect(store.commit([{ key: 'a', value: 'stale' }], old)).rejects.toMatchObject({ code: 'STALE_EPOCH' })
    await expect(store.commit([{ key: 'b', value: 'stale' }], castleEpoch + 1)).rejects.toMatchObject({
      code: 'STALE_EPOCH',
    })
    expect(await store.load()).toEqual([{ key: 'a', value: 'first' }])
    await store.close()
  })

  test('what was committed is what is loaded, by key, in this process and the next', async () => {
    const keys = fc.constantFrom('a', 'b/1', 'b/2', 'ä', '\u{1F3F0}', '\uffee', 'Z', "it's")
    const change = fc.record({ key: keys, value: fc.option(fc.string({ unit: 'grapheme' })) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 8 }), async (commits) => {
        const { store, reopen } = await make()
        const { castleEpoch } = await store.lease(0)
        const expected = new Map<string, string>()
        for (const changes of commits) {
          await store.commit(changes, castleEpoch)
          applyTo(expected, changes)
        }
        const sorted = [...expected].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1))
        expect(await store.load()).toEqual(sorted)
        await store.close()
        const again = await reopen()
        expect(await again.load()).toEqual(sorted)
        await again.close()
      }),
      { numRuns: 25 },
    )
  })
}

function applyTo(entries: Map<string, string>, changes: readonly Change[]): void {
  for (const { key, value } of changes) {
    if (value === null) entries.delete(key)
    else entries.set(key, value)
  }
}
