// Some minutes of chaos with a fresh seed, and that nothing stays behind of it. `npm run chaos -- --seed N` is the same run again.
import { beforeAll, expect, test } from 'vitest'
import { machinesMissing, named } from '../processes/index.ts'
import { faultKinds, machineKinds } from './plan.ts'
import { report } from './report.ts'
import { type ChaosResult, runChaos } from './run.ts'

const minutes = 3
const seed = Date.now() % 1_000_000
let result: ChaosResult

beforeAll(async () => {
  const lines: string[] = []
  const { signal } = new AbortController()
  const say = (line: string) => lines.push(line)
  try {
    result = await runChaos({ seed, minutes, replicationFactor: 3, say, signal })
  } catch (error) {
    throw new Error(`seed ${seed}:\n${lines.join('\n')}`, { cause: error })
  }
  console.log(`chaos, seed ${seed}, ${minutes} minutes\n${report(result)}`)
  if (result.problems.length > 0) console.log(lines.join('\n'))
}, 600_000)

test('no promise is broken, no send fails, and all goes on when the faults have ended', () => {
  expect(result.problems).toEqual([])
  // Every kind of fault that needs nothing but processes was among them.
  const kinds = new Set(result.faults.map(({ fault }) => fault.kind))
  expect(faultKinds.filter((kind) => !machineKinds.includes(kind) && !kinds.has(kind))).toEqual([])
})

test.skipIf(machinesMissing() !== undefined)(
  named('network cuts and a full disk were among the faults', machinesMissing()),
  () => {
    const kinds = new Set(result.faults.map(({ fault }) => fault.kind))
    expect(machineKinds.filter((kind) => !kinds.has(kind))).toEqual([])
  },
)
