// `castellan broker restart` and `broker can-stop`: restarts that nobody notices, of the brokers of `castellan start`, or by
// whatever starts processes where they run.
import { resolve } from 'node:path'
import type { BrokerView } from '@castellan/castle/views'
import { apiOf, type CastleApi, castleOption } from '../castle-api.ts'
import type { Command, Input } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { counted, jsonOption, print, say } from '../output/index.ts'
import { obstaclesNow, restartAll, untilStoppable } from '../restart/rolling.ts'
import { obstaclesText } from '../restart/stop-check.ts'
import { runningOn } from '../supervisor/data-folder.ts'

const forceOption = {
  name: 'force',
  doc: 'Also where partitions without enough other replicas wait, or cannot be used, meanwhile.',
}

export const restart: Command = {
  name: 'broker restart',
  summary:
    'Restarts the brokers that `castellan start` runs on this machine, one after another: each when all replicas are in sync. ' +
    'It hands over what it leads first, so no send fails.',
  args: [{ name: 'ID', doc: 'Only these brokers, in this order. [all]', optional: true, multiple: true }],
  options: [
    {
      name: 'data',
      value: 'DIR',
      doc: 'The data folder of that `castellan start`.',
      default: './.castellan',
      file: true,
    },
    {
      name: 'timeout',
      value: 'SECONDS',
      doc: 'How long to wait for replicas, and for a broker to be back.',
      default: '120',
    },
    forceOption,
    castleOption,
    jsonOption,
  ],
  examples: [
    {
      words: 'broker restart',
      doc: 'all brokers, one after another',
      notRun: 'the test of it is test/e2e/rolling-restart.long.test.ts',
    },
    { words: 'broker restart 2 --data /var/lib/castellan', doc: 'one broker', notRun: 'as above' },
  ],
  more:
    'Where something else starts brokers (systemd, containers), let it do the same, one broker after another:\n' +
    '  castellan broker can-stop 2 --wait 300 && systemctl restart castellan-broker-2',
  async run(input, io) {
    const path = resolve(input.text('data') ?? '')
    const brokers = asked(input) ?? runningBrokers(path)
    const options = {
      api: apiOf(input),
      force: input.isSet('force'),
      timeoutMs: 1000 * (input.integer('timeout', 1, 86_400) ?? 120),
      say: (line: string) => say(io, line),
    }
    const restarted = await restartAll(brokers, (broker) => processOf(path, broker), options)
    return await print(input, io, restarted, () => `${counted(restarted.length, 'broker')} restarted, all in sync.`)
  },
}

export const canStop: Command = {
  name: 'broker can-stop',
  summary:
    'Says whether a broker may be stopped now: all replicas are in sync, and those of other brokers are enough without it. ' +
    'The exit code is 0 when it may; 1 when not now; 3 when there is no such broker; 4 when waiting would not help.',
  args: [{ name: 'ID', doc: 'The broker. Left out: only whether all replicas are in sync.', optional: true }],
  options: [
    { name: 'wait', value: 'SECONDS', doc: 'Wait so long until it may.', default: '0' },
    castleOption,
    jsonOption,
  ],
  examples: [
    { words: 'broker can-stop', doc: 'are all replicas in sync?' },
    {
      words: 'broker can-stop 2 --wait 300',
      doc: 'before systemctl restart',
      notRun: 'topics of the examples have one replica',
    },
  ],
  async run(input, io) {
    const [broker] = asked(input) ?? []
    const api = apiOf(input)
    if (broker !== undefined) await mustBeKnown(api, broker)
    await waited(input, io, broker)
    const obstacles = await obstaclesNow(api, broker)
    const ok = obstacles.length === 0
    await print(input, io, { ok, obstacles }, () => (ok ? yes(broker) : `Not now: ${obstaclesText(obstacles)}.`))
    if (ok) return 'done'
    return obstacles.some(({ passes }) => !passes) ? 'refused' : 'failed'
  },
}

/** Nothing speaks against stopping what is not there: a mistyped id must not pass for a yes. */
async function mustBeKnown(api: CastleApi, broker: number): Promise<void> {
  const ids = (await api.list<BrokerView>('/api/brokers')).map(({ id }) => id)
  if (ids.includes(broker)) return
  const known = ids.length === 0 ? 'it knows none' : `it knows ${ids.join(', ')}`
  throw new CommandError(`Castle knows no broker ${broker}: ${known}.`, { outcome: 'notFound' })
}

/** What is not so after that time is said by the answer. */
async function waited(input: Input, io: Io, broker: number | undefined): Promise<void> {
  const waitSeconds = input.integer('wait', 0, 86_400) ?? 0
  if (waitSeconds === 0) return
  const options = {
    api: apiOf(input),
    force: false,
    timeoutMs: 1000 * waitSeconds,
    say: (line: string) => say(io, line),
  }
  try {
    await untilStoppable(broker, options)
  } catch (error) {
    if (!(error instanceof CommandError) || (error.outcome !== 'refused' && error.outcome !== 'unavailable'))
      throw error
  }
}

function yes(broker: number | undefined): string {
  return broker === undefined ? 'All replicas are in sync.' : `Broker ${broker} may be stopped.`
}

function asked({ args }: Input): number[] | undefined {
  if (args.length === 0) return undefined
  return args.map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text)
    throw new UsageError(`'${text}' is no broker's id: give a number, such as 2.`)
  })
}

const memberName = /^broker-(\d+)$/

function runningBrokers(path: string): number[] {
  const found = [...processesOn(path).keys()].flatMap((name) => memberName.exec(name)?.[1] ?? [])
  return found.map(Number).sort((one, other) => one - other)
}

/** The broker's process now: asked right before it is stopped, and by its start as well as its number. */
function processOf(path: string, broker: number): number {
  const found = processesOn(path).get(`broker-${broker}`)
  if (found !== undefined) return found.pid
  throw new CommandError(`Broker ${broker} does not run on the data folder ${path}: name one that does.`, {
    outcome: 'notFound',
  })
}

function processesOn(path: string) {
  const processes = runningOn(path)
  if (processes !== undefined) return processes
  throw new CommandError(
    `No castellan start runs on the data folder ${path}: give its folder with --data DIR; elsewhere see broker can-stop.`,
    { outcome: 'notFound' },
  )
}
