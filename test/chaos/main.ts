// `npm run chaos -- --minutes M --seed N`: real processes under load, while things go wrong. Prints messages, faults, pauses and verdicts;
// fails when a promise was broken. Ctrl-C ends it and removes what it made.
import { parseArgs } from 'node:util'
import { type LoadClient, loadClients } from '../clients/load/index.ts'
import { type FaultKind, faultKinds } from './plan.ts'
import { report } from './report.ts'
import { runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rf: { type: 'string', default: '3' },
    faults: { type: 'string', default: faultKinds.join(',') },
    clients: { type: 'string', default: loadClients.join(',') },
  },
})
const aborted = new AbortController()
for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(event, () => aborted.abort())
const seed = Number(values.seed)
const minutes = Number(values.minutes)
if (!Number.isInteger(seed) || !(minutes > 0)) {
  console.error('npm run chaos -- [--minutes M] [--seed N] [--rf N] [--faults a,b] [--clients a,b]')
  process.exit(1)
}
console.log(`seed ${seed}, ${minutes} minutes`)
const result = await runChaos({
  seed,
  minutes,
  replicationFactor: Number(values.rf),
  kinds: values.faults.split(',') as FaultKind[],
  clients: values.clients.split(',') as LoadClient[],
  say: (line) => console.log(line),
  signal: aborted.signal,
})
console.log(report(result))
process.exitCode = result.problems.length + result.failed.length > 0 ? 1 : 0
