// `npm run simulate -- --seed N --minutes M`: runs seeds N, N+1, ... on all cores for so long, prints what happened, and fails when a
// promise was broken. With --seeds K it runs K of them; with --trace one seed, every event of it.
import { parseArgs } from 'node:util'
import { nodeRuntime } from '@castellan/protocol/runtime'
import { runSeeds } from './pool.ts'
import { Report } from './report.ts'
import { explain, hasFailed, ordinary, type RunResult, runSeed } from './run.ts'

const { clock } = nodeRuntime()
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(clock.wallMs() % 1_000_000_000) },
    seeds: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    faults: { type: 'string', default: String(ordinary.faults) },
    trace: { type: 'boolean', default: false },
  },
})
const first = wholeNumber('seed', values.seed)
const options = { ...ordinary, faults: wholeNumber('faults', values.faults) }
const startMs = clock.nowMs()
const report = new Report()

if (values.trace) {
  const result = await runSeed(first, { ...options, keepTrace: true })
  for (const line of result.trace ?? []) process.stdout.write(line)
  note(result)
  console.log(explain(result))
} else {
  const untilMs = startMs + wholeNumber('minutes', values.minutes) * 60_000
  const count = values.seeds === undefined ? Number.POSITIVE_INFINITY : wholeNumber('seeds', values.seeds)
  let next = first
  const more = () => (count === Number.POSITIVE_INFINITY ? clock.nowMs() < untilMs : next < first + count)
  await runSeeds(() => (more() ? next++ : undefined), options, note)
  for (const line of report.details()) console.log(line)
}
console.log(report.summary)
if (report.failed.length > 0) process.exitCode = 1

function note(result: RunResult): void {
  report.add(result)
  const { seed, simulatedMs, events, acknowledged, traceHash } = result
  const outcome = hasFailed(result) ? 'FAILED' : 'good'
  const what = `${(simulatedMs / 1_000).toFixed(0)} s, ${events} events, ${acknowledged} acknowledged`
  console.log(`seed ${seed}: ${what}, ${outcome}, trace ${traceHash.slice(0, 12)}`)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  console.error(`--${name} is '${text}', but must be a whole number. Give it one, or leave it out.`)
  process.exit(2)
}
