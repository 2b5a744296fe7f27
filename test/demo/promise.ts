// The demo's promise, held against what happened: nothing lost, nothing out of order within a path, no duplicates in the log, and
// what a consumer gets a second time starts at its group's last commit. For demo.test.ts and demo.long.test.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import type { Delivery } from './ledger.ts'
import { problemsOf, readLog, withAdmin } from './log.ts'
import { type DemoResult, groupOf, type Progress, partitions, runDemo } from './run.ts'

const topic = 'file-changes'
let folder: string
export let platform: TestPlatform

/** Each test of the file gets a platform of its own. */
export function withPlatform(): void {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'castellan-demo-'))
    platform = await startPlatform()
  })

  afterEach(async () => {
    await platform.stop()
    rmSync(folder, { recursive: true, force: true })
  })
}

/** Resolves once every replica of every topic is in sync, that of groups included: then one more may die. */
export async function untilInSync(): Promise<void> {
  interface Listed {
    readonly items: { readonly leaderless: number; readonly belowMinIsr: number; readonly underReplicated: number }[]
  }
  await waitFor(
    'all replicas to be in sync',
    async () => {
      const { items } = (await (await fetch(`${platform.castle}/api/topics`)).json()) as Listed
      return items.every((one) => one.leaderless + one.belowMinIsr + one.underReplicated === 0)
    },
    60_000,
  )
}

/** Resolves when it is back, and one more may die. */
export async function killAndRestart(name: `broker-${number}`): Promise<void> {
  await platform.kill(name)
  await platform.restart(name)
  await untilInSync()
}

/** Events a second while something is down. */
const troubledPace = 2_000

interface Trouble {
  /** Strikes once so much was counted, 0 to 1, and the trouble before it is over. */
  readonly at: number
  /** `said`: what the demo tells people, above all that sends wait, and why; it grows. */
  strike(progress: Progress, said: readonly string[]): Promise<void>
}

/** What the group has committed, by partition. */
async function committed(): Promise<Map<number, number>> {
  const offsets = await withAdmin(platform.bootstrap, (admin) => admin.groupOffsets(groupOf(topic)))
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
}

/** Resolves once the group has committed something of every partition: before, a kill has no commit to go back behind. */
function everythingCommitted(): Promise<Map<number, number>> {
  return waitFor('commits of all partitions', async () => {
    const commits = await committed()
    const started = [...commits.values()].filter((offset) => offset > 0)
    return started.length === partitions && commits
  })
}

interface Run {
  readonly result: DemoResult
  /** What was committed just before the first trouble. */
  readonly commits: ReadonlyMap<number, number>
}

/** Runs the demo, with troubles in their order; none before there are commits that it could lose. */
export async function run(troubles: readonly Trouble[] = []): Promise<Run> {
  const left = [...troubles]
  const said: string[] = []
  let struck: Promise<void> = Promise.resolve()
  let isStriking = false
  let commits: ReadonlyMap<number, number> | undefined
  const waiting = troubles.length === 0 ? undefined : everythingCommitted().then((all) => (commits = all))
  waiting?.catch(() => {}) // awaited below
  const result = await runDemo({
    castle: platform.castle,
    topic,
    ledgerFile: join(folder, 'ledger.sqlite'),
    say: (line) => void said.push(line),
    // What dies must die, and come back, among sends: without a pause in them the stream would be over before.
    pace: () => (isStriking || (commits === undefined && left.length > 0) ? troubledPace : Number.POSITIVE_INFINITY),
    onProgress(progress) {
      const next = left[0]
      if (commits === undefined || next === undefined || isStriking) return
      if (progress.counted < next.at * progress.events) return
      left.shift()
      isStriking = true
      struck = next.strike(progress, said).then(() => {
        isStriking = false
      })
      struck.catch(() => {}) // awaited below; no further one strikes
    },
  })
  await waiting
  await struck
  // A trouble that came too late tested nothing.
  expect(left).toEqual([])
  return { result, commits: commits ?? new Map() }
}

export async function expectRight(result: DemoResult): Promise<void> {
  expect(result.faults).toEqual([])
  expect(result.totals).toEqual(result.expected)
  expect(result.isRight).toBe(true)
  expect(problemsOf(await readLog(platform.bootstrap, topic), result).slice(0, 20)).toEqual([])
}

/** By partition, the offset from which something was handed out a second time. */
export function repeatsFrom(deliveries: readonly Delivery[]): Map<number, number> {
  const ends = new Map<number, number>()
  const repeats = new Map<number, number>()
  for (const { partition, first, last } of deliveries) {
    const end = ends.get(partition) ?? 0
    if (first < end) repeats.set(partition, Math.min(first, repeats.get(partition) ?? first))
    ends.set(partition, Math.max(end, last + 1))
  }
  return repeats
}

/** What was committed before the kill is never handed out again. */
export function expectRepeatsOnlyFrom(commits: ReadonlyMap<number, number>, deliveries: readonly Delivery[]): void {
  expect(commits.size).toBe(partitions)
  for (const [partition, first] of repeatsFrom(deliveries)) {
    expect(first, `partition ${partition}`).toBeGreaterThanOrEqual(commits.get(partition) ?? Number.POSITIVE_INFINITY)
  }
}
