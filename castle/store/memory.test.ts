import { describe, expect, test } from 'vitest'
import { MemoryDisk, MemoryStore } from './memory.ts'
import { storeCases } from './store.cases.ts'

describe('memory', () => {
  storeCases(async () => {
    const disk = new MemoryDisk()
    return { store: new MemoryStore(disk), reopen: async () => new MemoryStore(disk) }
  })

  test('a hook fails a commit before or after it was written', async () => {
    const disk = new MemoryDisk()
    const full = async () => {
      throw new Error('disk full')
    }
    const before = new MemoryStore(disk, { beforeCommit: full })
    const { castleEpoch } = await before.lease(0)
    await expect(before.commit([{ key: 'a', value: '1' }], castleEpoch)).rejects.toThrow('disk full')
    expect(disk.entries.size).toBe(0)
    const after = new MemoryStore(disk, { afterCommit: full })
    await expect(after.commit([{ key: 'a', value: '1' }], castleEpoch)).rejects.toThrow('disk full')
    expect(disk.entries.get('a')).toBe('1')
  })
})
