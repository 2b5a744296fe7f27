// `npm run simulate -- --seed N --minutes M`: runs seeds N, N+1, ... on all cores for so long, prints what happened, and fails when a
// promise was broken. With --seeds K it runs K of them; with --trace one seed, every event of it.
import { flag, minutes, readOptions, someOf, wholeNumber } from '../command-line.ts'
import { type FaultKind, faultNames } from './faults.ts'
import { ordinary, type RunOptions } from './options.ts'

const seedMax = Number.MAX_SAFE_INTEGER - 1_000_000
const given = readOptions(
  {
    call: 'npm run simulate --',
    summary:
      'Runs the whole platform under faults on a simulated clock, disk and network: everything that happens comes from a seed.',
    options: {
      seed: wholeNumber('N', 'the first seed; one that nobody has run yet by default', 0, seedMax),
      minutes: minutes('run seeds for so long (default 1)'),
      seeds: wholeNumber('K', 'run so many seeds, however long it takes', 1),
      trace: flag('run one seed, and print every event of it with the lines of all logs'),
      density: wholeNumber(
        'N',
        `faults in a seed (default ${ordinary.faults}); another number is another run of the same seed`,
        0,
        1_000,
      ),
      faults: someOf<FaultKind>(faultNames, 'only these kinds (default: some of them all, as the seed says)'),
    },
  },
  process.argv.slice(2),
)
if (given !== undefined) {
  // Loaded only now: a word of help waits for no platform.
  const { Session } = await import('./session.ts')
  const { density, faults: kinds, trace, ...which } = given
  const options: RunOptions = { ...ordinary, faults: density ?? ordinary.faults, ...(kinds && { kinds }) }
  const session = new Session(options)
  await (trace ? session.trace(which.seed) : session.run(which))
  if (session.hasFailed) process.exitCode = 1
}
