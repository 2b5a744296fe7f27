import { Scheduler } from '@castellan/testing/simulator'
import { expect, test } from 'vitest'
import { type Done, Faults, type Victims, victimsOf } from './faults.ts'
import { type Fault, faultKinds, machineKinds, planFaults } from './plan.ts'
import { takeTurns } from './turns.ts'

const names = ['castle', 'broker-1', 'broker-2', 'broker-3']
const namesOf = (fault: Fault) => victimsOf(fault, names, 'broker-3')
const processKinds = faultKinds.filter((kind) => !machineKinds.includes(kind))

/** A plan on a machine where what was broken takes up to so long to be well again. */
async function carriedOut(seed: number, plan: readonly Fault[], untilMs: number, slowMs: number): Promise<Done[]> {
  const time = new Scheduler(seed, { trace: false })
  const done: Done[] = []
  const inTrouble = new Map<string, number>()
  let isOver = false
  const until = (atMs: number) => new Promise<void>((resolve) => time.at(atMs - time.nowMs, resolve))
  const turns = takeTurns(plan, untilMs, {
    nowMs: () => time.nowMs,
    until,
    untilWell: (fault) => until(Math.max(0, ...namesOf(fault).map((name) => inTrouble.get(name) ?? 0))),
    begin: (fault) => {
      const fromMs = time.nowMs
      if (namesOf(fault).some((name) => (inTrouble.get(name) ?? 0) > fromMs)) throw new Error('broken twice')
      const endMs = fromMs + fault.forMs + time.random.next() * slowMs
      for (const name of namesOf(fault)) inTrouble.set(name, endMs)
      done.push({ fault, fromMs, untilMs: endMs })
    },
  })
  void turns.then(() => (isOver = true))
  await time.run(Number.POSITIVE_INFINITY, () => isOver)
  await turns
  return done
}

test.each([
  { machine: 'that takes no time', slowMs: 0 },
  { machine: 'as usual', slowMs: 4_000 },
  { machine: 'that is busy', slowMs: 40_000 },
])('every kind has its turn whatever the seed, on a machine $machine', async ({ slowMs }) => {
  for (let seed = 0; seed < 50; seed++) {
    for (const kinds of [faultKinds, processKinds]) {
      const plan = planFaults(seed, kinds, 180_000)
      const done = await carriedOut(seed, plan, 180_000, slowMs)
      expect(new Set(done.map(({ fault }) => fault.kind)), `seed ${seed}`).toEqual(new Set(kinds))
      expect(done.map(({ fault }) => fault)).toEqual(plan.slice(0, done.length))
    }
  }
})

test('what comes after a fault that waited is as much later, and none begins that would last beyond the end', async () => {
  const restart = (atMs: number, broker: number): Fault => ({
    kind: 'restart-broker',
    atMs,
    forMs: 100,
    broker,
    from: 'castle',
    to: 'here',
  })
  const begun: number[][] = []
  let nowMs = 0
  await takeTurns([restart(1_000, 1), restart(2_000, 2), restart(3_000, 1), restart(3_500, 1)], 5_000, {
    nowMs: () => nowMs,
    until: async (atMs) => {
      nowMs = Math.max(nowMs, atMs)
    },
    // Broker 2 was in trouble until now.
    untilWell: async ({ broker }) => {
      if (broker === 2) nowMs = 3_500
    },
    begin: (_, waitedMs) => begun.push([nowMs, waitedMs]),
  })
  expect(begun).toEqual([
    [1_000, 0],
    [3_500, 1_500],
    [4_500, 0],
  ])
})

test('a fault waits for a victim until what was done to it before is over, also when that failed', async () => {
  const killed: PromiseWithResolvers<void>[] = []
  const victims = {
    platform: { names },
    smallDisk: { broker: 'broker-3', filler: '' },
    nowMs: () => 0,
    killConsumer: () => {
      killed.push(Promise.withResolvers())
      return killed.at(-1)!.promise
    },
  }
  const { signal } = new AbortController()
  const fault: Fault = { kind: 'kill-consumer', atMs: 0, forMs: 0, broker: 1, from: 'castle', to: 'here' }
  const faults = new Faults(victims as unknown as Victims, [])
  await faults.untilWell(fault)
  const first = faults.inject(fault, signal)
  let isWell = false
  const well = faults.untilWell(fault).then(() => (isWell = true))
  await faults.untilWell({ ...fault, kind: 'kill-castle' })
  await expect(faults.inject(fault, signal)).rejects.toThrow('kill-consumer began while consumer was in trouble')
  expect(isWell).toBe(false)
  killed[0]!.reject(new Error('it did not come back'))
  await expect(first).rejects.toThrow('it did not come back')
  await well
  const second = faults.inject(fault, signal)
  killed[1]!.resolve()
  await second
  expect(faults.done).toHaveLength(2)
})
