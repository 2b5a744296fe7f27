// Elections under any history of replicas: nothing acknowledged is lost that is not counted, epochs never have two leaders, and in the end
// somebody leads. Castle is restarted in between, over memory and over SQLite. A failure prints its seed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MemoryDisk, MemoryStore } from '../store/memory.ts'
import { SqliteThread } from '../store/sqlite-thread.ts'
import type { Store } from '../store/store.ts'
import { type ModelOptions, ReplicasModel } from '../testing/replicas.ts'
import { SeededRandom } from '../testing/world.ts'

type Kind = Pick<ModelOptions, 'unclean' | 'doubt' | 'ackLevel'>

interface Outcome {
  readonly counts: Readonly<Record<string, number>>
  readonly losses: number
}

async function history(seed: number, steps: number, kind: Kind = {}, openStore = memoryStore()): Promise<Outcome> {
  const model = await ReplicasModel.start({ random: new SeededRandom(seed), openStore, ...kind })
  try {
    for (let step = 0; step < steps; step++) await model.step()
    if (kind.doubt !== true) {
      await model.settle()
      expect(model.partition).toMatchObject({ leader: 1, isr: [1, 2, 3] })
      expect(model.partition.elr).toBeUndefined()
    }
    return { counts: model.counts, losses: model.losses }
  } catch (cause) {
    throw new Error(`seed ${seed}`, { cause })
  } finally {
    await model.close()
  }
}

function memoryStore(): () => Promise<Store> {
  const disk = new MemoryDisk()
  return async () => new MemoryStore(disk)
}

async function histories(seeds: number, steps: number, kind: Kind = {}): Promise<Outcome> {
  const counts: Record<string, number> = {}
  let losses = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = await history(seed, steps, kind)
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count
    losses += outcome.losses
  }
  return { counts, losses }
}

describe('any history of replicas', () => {
  test('loses nothing that is not counted (R1, R7, R8)', async () => {
    const { counts, losses } = await histories(60, 400)
    // What never happened was not tested.
    expect(losses).toBeGreaterThan(10)
    for (const [name, count] of Object.entries(counts)) expect(count, name).toBeGreaterThan(20)
    expect(counts).toMatchObject({ elected: expect.any(Number), 'isr-altered': expect.any(Number) })
  })

  test('also where a topic puts going on first (R7)', async () => {
    const { losses } = await histories(20, 400, { unclean: true })
    expect(losses).toBeGreaterThan(10)
  })

  test('at Ack 1 only the death of a leader loses something: leaders that stop, or are not preferred, hand over (R2)', async () => {
    const { counts } = await histories(120, 400, { ackLevel: 1 })
    expect(counts['handed-over']).toBeGreaterThan(40)
  })

  test('changes nothing while in doubt (R14)', async () => {
    await histories(5, 400, { doubt: true })
  })

  test('over SQLite as over memory', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-elections-'))
    try {
      await history(7, 150, {}, () => SqliteThread.open(folder))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
