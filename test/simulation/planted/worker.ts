// Runs seeds of the platform with one rule broken, in a thread of its own, until one shows it.
import { parentPort, workerData } from 'node:worker_threads'
import { ordinary } from '../options.ts'
import type { PlantedBug } from './bugs.ts'
import { plant } from './loader.ts'

export interface Search {
  readonly bug: PlantedBug
  readonly first: number
  /** Time of a core, after which no other seed is tried; 0: only the first. */
  readonly cpuMs: number
}

export interface Found {
  /** Null: none of those that were tried shows it. */
  readonly seed: number | null
  readonly tried: number
  /** All promises that were broken at that seed. */
  readonly broken: readonly string[]
  readonly notPlanted: readonly string[]
}

/** Of few kinds: more of them than usual. */
const faults = 24

const { bug, first, cpuMs } = workerData as Search
const notPlanted = plant(bug)
const { runSeed } = await import('../run.ts')
parentPort!.postMessage(await search())

async function search(): Promise<Found> {
  for (let seed = first; ; seed++) {
    const { verdicts } = await runSeed(seed, { ...ordinary, kinds: bug.kinds, faults })
    const broken = verdicts.filter(({ outcome }) => outcome === 'invalid').map(({ promise }) => promise)
    const tried = seed - first + 1
    if (broken.includes(bug.breaks)) return { seed, tried, broken, notPlanted: notPlanted() }
    if (process.threadCpuUsage().user / 1_000 >= cpuMs) return { seed: null, tried, broken, notPlanted: notPlanted() }
  }
}
