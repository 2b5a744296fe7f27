// `npm run simulate -- --seed N --seeds M --trace`: runs seeds, prints what happened, and fails when a promise was broken.
import { parseArgs } from 'node:util'
import { nodeRuntime } from '@castellan/protocol/runtime'
import { faultKinds } from './faults.ts'
import { explain, ordinary, type RunResult, runSeed } from './run.ts'

const { clock } = nodeRuntime()
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(clock.wallMs() % 1_000_000) },
    seeds: { type: 'string', default: '1' },
    messages: { type: 'string', default: String(ordinary.messages) },
    faults: { type: 'string', default: String(ordinary.faults) },
    trace: { type: 'boolean', default: false },
  },
})
const first = wholeNumber('seed', values.seed)
const count = wholeNumber('seeds', values.seeds)
const options = {
  ...ordinary,
  messages: wholeNumber('messages', values.messages),
  faults: wholeNumber('faults', values.faults),
  keepTrace: values.trace,
}

const startMs = clock.nowMs()
const results: RunResult[] = []
for (let seed = first; seed < first + count; seed++) {
  const result = await runSeed(seed, options)
  results.push(result)
  for (const line of result.trace ?? []) process.stdout.write(line)
  const failed = result.verdicts.some((verdict) => verdict.outcome !== 'valid')
  console.log(
    `seed ${seed}: ${(result.simulatedMs / 1000).toFixed(0)} s, ${result.events} events, ${result.acknowledged.length} acknowledged, ${failed ? 'FAILED' : 'good'}, trace ${result.traceHash.slice(0, 12)}`,
  )
  if (failed) {
    console.log(explain(result))
    process.exitCode = 1
  }
}
const seconds = (clock.nowMs() - startMs) / 1000
const simulated = results.reduce((sum, result) => sum + result.simulatedMs, 0) / 1000
console.log(
  `${simulated.toFixed(0)} simulated seconds in ${seconds.toFixed(1)}: ${(simulated / seconds).toFixed(0)} per second`,
)
for (const kind of faultKinds) {
  console.log(`  ${kind}: ${results.reduce((sum, result) => sum + (result.faults.get(kind) ?? 0), 0)}`)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  console.error(`--${name} is '${text}', but must be a whole number. Give it one, or leave it out.`)
  process.exit(2)
}
