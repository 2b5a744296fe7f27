// `npm run chaos -- --minutes M --seed N`: real processes under load, while things go wrong. Prints messages, faults, pauses and verdicts;
// fails when a promise was broken. Ctrl-C ends it and removes what it made.
import { type LoadClient, loadClients } from '../clients/load/index.ts'
import { minutes, readOptions, someOf, wholeNumber } from '../command-line.ts'
import { type FaultKind, faultKinds } from './plan.ts'

const given = readOptions(
  {
    call: 'npm run chaos --',
    summary:
      'Castle and three brokers as processes under load, while things go wrong; then the checkers judge what was seen.',
    options: {
      minutes: minutes('faults happen for so long (default 3)'),
      seed: wholeNumber('N', 'decides what goes wrong when; another one by default', 0),
      rf: wholeNumber('N', 'replicas of each partition (default 3)', 1, 3),
      faults: someOf<FaultKind>(faultKinds, 'only these kinds'),
      clients: someOf<LoadClient>(loadClients, 'only these producers'),
    },
  },
  process.argv.slice(2),
)
if (given !== undefined) {
  const { seed = Date.now() % 1_000_000, minutes = 3, rf: replicationFactor = 3, faults: kinds, clients } = given
  // Loaded only now: a word of help waits for no platform.
  const [{ runChaos }, { report }] = await Promise.all([import('./run.ts'), import('./report.ts')])
  const aborted = new AbortController()
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(event, () => aborted.abort())
  console.log(`seed ${seed}, ${minutes} minutes`)
  const result = await runChaos({
    seed,
    minutes,
    replicationFactor,
    ...(kinds && { kinds }),
    ...(clients && { clients }),
    say: (line) => console.log(line),
    signal: aborted.signal,
  })
  console.log(report(result))
  process.exitCode = result.problems.length + result.failed.length > 0 ? 1 : 0
}
