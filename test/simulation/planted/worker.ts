// Runs seeds of the platform with one rule broken, in a thread of its own, until one shows it.
import { parentPort, workerData } from 'node:worker_threads'
import { nodeRuntime } from '@castellan/protocol/runtime'
import type { PlantedBug } from './bugs.ts'
import { plant } from './loader.ts'

export interface Search {
  readonly bug: PlantedBug
  readonly first: number
  /** Real time, after which no other seed is tried; 0: only the first. */
  readonly forMs: number
}

export interface Found {
  /** Null: none of those that were tried shows it. */
  readonly seed: number | null
  readonly tried: number
  /** All promises that were broken at that seed. */
  readonly broken: readonly string[]
  readonly notPlanted: readonly string[]
}

const { bug, first, forMs } = workerData as Search
const { clock } = nodeRuntime()
const untilMs = clock.nowMs() + forMs
const notPlanted = plant(bug)
const { ordinary, runSeed } = await import('../run.ts')
parentPort!.postMessage(await search())

async function search(): Promise<Found> {
  for (let seed = first; ; seed++) {
    const { verdicts } = await runSeed(seed, bug.kinds === undefined ? ordinary : { ...ordinary, kinds: bug.kinds })
    const broken = verdicts.filter(({ outcome }) => outcome === 'invalid').map(({ promise }) => promise)
    const tried = seed - first + 1
    if (broken.includes(bug.breaks)) return { seed, tried, broken, notPlanted: notPlanted() }
    if (clock.nowMs() >= untilMs) return { seed: null, tried, broken, notPlanted: notPlanted() }
  }
}
