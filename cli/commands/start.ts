// `castellan start`: Castle and brokers on this machine, until Ctrl-C or SIGTERM.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command, Input } from '../command.ts'
import { type Outcome, UsageError } from '../errors.ts'
import { onStopSignals } from '../stop-signals.ts'
import { DataFolder } from '../supervisor/data-folder.ts'
import { Platform, type PlatformOptions, platformHost } from '../supervisor/platform.ts'
import { checkPorts } from '../supervisor/ports.ts'

export const start: Command = {
  name: 'start',
  summary: 'Runs Castle and brokers as separate processes, all on 127.0.0.1, until Ctrl-C or SIGTERM.',
  options: [
    { name: 'brokers', value: 'N', doc: 'How many brokers.', default: '3' },
    { name: 'castle-port', value: 'PORT', doc: "Of Castle's HTTP API; 0: the system chooses.", default: '8600' },
    {
      name: 'broker-port',
      value: 'PORT',
      doc: 'Of the first broker, the others follow; 0: the system chooses each.',
      default: '9092',
    },
    { name: 'data', value: 'DIR', doc: 'Where everything is kept.', default: './.castellan', file: true },
    { name: 'fresh', doc: 'Empty the data first.' },
    { name: 'no-restart', doc: 'Leave a process that dies dead.' },
    { name: 'verbose', doc: 'Logs to standard error, instead of to DIR/logs.' },
    { name: 'demo', doc: 'Services that keep the platform busy (not part of this version: use npm run demo).' },
  ],
  examples: [
    {
      words: 'start',
      doc: 'Castle and three brokers, kept in ./.castellan',
      notRun: 'it runs until it is told to stop',
    },
    {
      words: 'start --brokers 1 --fresh --data /tmp/castellan',
      doc: 'one broker, and nothing from before',
      notRun: 'it runs until it is told to stop',
    },
  ],
  more: 'Once everything answers it prints: ready castle=URL bootstrap=HOST:PORT,...',
  run,
}

async function run(input: Input): Promise<Outcome> {
  const options = platformOptions(input)
  const path = resolve(input.text('data') ?? '')
  if (!existsSync(path)) await checkPorts(platformHost, options)
  const folder = await DataFolder.open(path, { fresh: input.isSet('fresh') })
  const stop = stopRequest()
  const platform = new Platform(folder, options)
  stop.onAgain(() => platform.hurry())
  try {
    const started = platform.start()
    const stoppedEarly = await Promise.race([started.then(() => false), stop.asked.then(() => true)])
    if (stoppedEarly)
      started.catch(() => {}) // what is being stopped fails to start
    else {
      console.log(`ready castle=${platform.castleUrl} bootstrap=${platform.bootstrap}`)
      await stop.asked
    }
    await platform.stop()
    return 'done'
  } finally {
    stop.forget()
    folder.release()
  }
}

function platformOptions(input: Input): PlatformOptions {
  if (input.isSet('demo')) {
    throw new UsageError('--demo is not part of this version: run npm run demo beside npm start instead.')
  }
  const brokers = input.integer('brokers', 1, 100) ?? 3
  const castlePort = input.integer('castle-port', 0, 65_535) ?? 0
  const brokerPort = input.integer('broker-port', 0, 65_536 - brokers) ?? 0
  if (castlePort !== 0 && brokerPort !== 0 && castlePort >= brokerPort && castlePort < brokerPort + brokers) {
    throw new UsageError(
      `--castle-port ${castlePort} is also the port of broker ${castlePort - brokerPort + 1}: choose another for one of them.`,
    )
  }
  const say = (line: string) => console.error(`castellan: ${line}`)
  return { brokers, castlePort, brokerPort, restart: !input.isSet('no-restart'), verbose: input.isSet('verbose'), say }
}

interface StopRequest {
  /** Resolves when somebody wants this to stop: by a signal, or because the launcher that it belongs to is gone. */
  readonly asked: Promise<void>
  /** Calls `hurry` at each further signal. */
  onAgain(hurry: () => void): void
  forget(): void
}

function stopRequest(): StopRequest {
  const { promise, resolve } = Promise.withResolvers<void>()
  let hurry = () => {}
  onStopSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], { first: () => resolve(), again: () => hurry() })
  const launcher = Number(process.env['CASTELLAN_LAUNCHER'])
  const hasLauncher = process.ppid === launcher
  // The timer also keeps this process alive while all members are dead (--no-restart).
  const watch = setInterval(() => {
    if (hasLauncher && process.ppid !== launcher) resolve()
  }, 250)
  return {
    asked: promise,
    onAgain: (listener) => {
      hurry = listener
    },
    forget: () => clearInterval(watch),
  }
}
