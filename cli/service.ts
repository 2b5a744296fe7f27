// A process that serves until it is told to stop: what `castellan castle` and `castellan broker` share.
//
//   start ──► ready ──► SIGTERM, SIGINT, or the supervisor is gone ──► stop within a deadline ──► exit
//                                                                      └ a second signal: hurry
//
// Under a supervisor it has an IPC channel: it says there that it is ready (with its real ports), or why it failed. The channel's
// end means that the supervisor died, even by kill -9: then this process must not stay behind.
import { flushCompileCache } from 'node:module'
import { type ConfigOf, configFromTexts, nullable, setting, stringType, wordType } from '@castellan/protocol/config'
import { type Logger, pino } from 'pino'
import type { Input } from './command.ts'
import { CommandError, codeOf, sentenceOf, UsageError } from './errors.ts'
import { LogFile } from './log-file.ts'
import { collectSettings, type ProcessSettings, type Texts } from './settings.ts'
import { onStopSignals } from './stop-signals.ts'

export interface Service {
  /** What the supervisor is told: real addresses. */
  readonly ready: Readonly<Record<string, string>>
  /** Of a broker: resolves once Castle knows it; the supervisor is told that too. */
  readonly registered?: Promise<void>
  stop(): Promise<void>
  /** Somebody asked again: the stop leaves out what only spares others a wait. */
  hurry?(): void
  /** What the service itself may wait for at a stop, besides the time that every stop gets. Default 0. */
  readonly stopWaitMs?: number
}

export type ServiceMessage =
  | { readonly type: 'ready'; readonly ready: Readonly<Record<string, string>>; readonly stopDeadlineMs: number }
  | { readonly type: 'registered' }
  | { readonly type: 'failed'; readonly code: string; readonly sentence: string }
  /** Before it is ready: what takes so long. */
  | { readonly type: 'progress'; readonly sentence: string }

/** From the signal to the end, besides what the service says. */
const stopMs = 8_000
const lingerMs = 1_000

/** Settings that every process has besides its own. */
export const serviceSettings = {
  logLevel: setting(
    'log.level',
    wordType('debug', 'info', 'warn', 'error', 'silent'),
    'The least that is logged; silent: nothing.',
    'info',
  ),
  logFile: setting<string | null>(
    'log.file',
    nullable(stringType(4_096)),
    'Log there (the last 8 to 16 MiB are kept) instead of to standard error.',
    null,
  ),
} as const

type ServiceConfig = ConfigOf<typeof serviceSettings>

/**
 * Runs a service to its end. Resolves when it has stopped. `start` gets what was set of the process's own settings, a function
 * by which the service says that it has to end by itself, and why (that is a failure), and one to say what its start takes so long for.
 */
export async function serve(
  { name, prefix, table }: ProcessSettings,
  input: Input,
  start: (
    texts: Texts,
    log: Logger,
    giveUp: (reason: string) => void,
    say: (sentence: string) => void,
  ) => Promise<Service>,
): Promise<void> {
  const { log, texts } = await told(() => {
    const all = collectSettings({ name, prefix, table }, input)
    const isOurs = ([setting]: [string, string]) => setting in serviceTexts
    const config = configFromTexts(serviceSettings, Object.fromEntries(Object.entries(all).filter(isOurs)), refuse)
    return {
      log: logger(name, config),
      texts: Object.fromEntries(Object.entries(all).filter((entry) => !isOurs(entry))),
    }
  })
  // Before the process dies of it: an exception, or a rejection that nobody handles. The log writes at once.
  process.on('uncaughtExceptionMonitor', (error, origin) => log.error({ error, origin }, 'crashed'))
  const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<string>()
  const stop = new StopRequest()
  try {
    const service = await started(log, () =>
      start(texts, log, giveUp, (sentence) => void tell({ type: 'progress', sentence })),
    )
    const reason = await Promise.race([
      stop.asked,
      gaveUp.then((why) => new CommandError(`The ${name} gave up: ${why}`)),
    ])
    log.info({ reason: sentenceOf(reason) }, 'stopping')
    stop.again(() => service.hurry?.())
    await stopWithin(service, log)
    if (reason instanceof CommandError) throw reason
  } finally {
    if (process.connected) process.disconnect() // it would keep this process alive
  }
}

/** Starts the service and tells the supervisor how that went. */
async function started(log: Logger, start: () => Promise<Service>): Promise<Service> {
  try {
    const service = await start()
    log.info({ ...service.ready, pid: process.pid }, 'ready')
    await tell({ type: 'ready', ready: service.ready, stopDeadlineMs: stopDeadlineOf(service) })
    void service.registered?.then(() => tell({ type: 'registered' }))
    flushCompileCache() // a process that is killed with -9 later should have warmed the next start all the same
    return service
  } catch (error) {
    const sentence = sentenceOf(error)
    // What was foreseen is said by its sentence; anything else wants its stack.
    const code = codeOf(error)
    log.error(code === undefined ? { error } : { code, reason: sentence }, 'could not start')
    await tell({ type: 'failed', code: codeOf(error) ?? '', sentence })
    throw asCommandError(error, sentence)
  }
}

const serviceTexts = Object.fromEntries(Object.values(serviceSettings).map(({ name }) => [name, true]))

function refuse(_: string, message: string, next: string): Error {
  return new UsageError(`${message}. ${next}`)
}

/** What fails before there is a log is told to the supervisor all the same. */
async function told<T>(make: () => T): Promise<T> {
  try {
    return make()
  } catch (error) {
    await tell({ type: 'failed', code: codeOf(error) ?? '', sentence: sentenceOf(error) })
    if (process.connected) process.disconnect()
    throw error
  }
}

function logger(name: string, { logLevel: level, logFile: file }: ServiceConfig): Logger {
  const serializers = { error: pino.stdSerializers.err }
  const options = { name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime, serializers }
  if (file === null) return pino(options, pino.destination({ dest: 2, sync: true }))
  try {
    return pino(options, new LogFile(file))
  } catch (error) {
    throw new CommandError(`Cannot log to ${file} (${codeOf(error)}): choose another log.file.`, { cause: error })
  }
}

/** When and how urgently this process shall stop. */
class StopRequest {
  /** Resolves with the reason. */
  readonly asked: Promise<string>
  readonly #urgent = Promise.withResolvers<void>()

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.asked = promise
    onStopSignals(['SIGINT', 'SIGTERM'], { first: resolve, again: () => this.#urgent.resolve() })
    const orphaned = () => {
      resolve('the supervisor is gone')
      this.#urgent.resolve() // and so is the rest of its platform: there is nobody to take anything over
    }
    if (process.connected) process.on('disconnect', orphaned)
    else if (process.send !== undefined) orphaned()
  }

  /** Calls `hurry` once it is urgent. */
  again(hurry: () => void): void {
    void this.#urgent.promise.then(hurry)
  }
}

function stopDeadlineOf({ stopWaitMs = 0 }: Service): number {
  return stopMs + stopWaitMs
}

async function stopWithin(service: Service, log: Logger): Promise<void> {
  const stopDeadlineMs = stopDeadlineOf(service)
  const timer = setTimeout(() => {
    log.error({ stopDeadlineMs }, 'did not stop in time')
    process.exit(1)
  }, stopDeadlineMs)
  await service.stop()
  clearTimeout(timer)
  log.info({}, 'stopped')
  const lingering = setTimeout(() => {
    log.warn(
      { resources: process.getActiveResourcesInfo() },
      'stopped, but something keeps the process: it exits all the same',
    )
    process.exit()
  }, lingerMs)
  lingering.unref()
}

function tell(message: ServiceMessage): Promise<void> {
  return new Promise((resolve) => {
    // The supervisor may be gone already; `untilStop` hears of that by itself.
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, () => resolve())
  })
}

function asCommandError(error: unknown, sentence: string): unknown {
  const code = codeOf(error)
  if (code?.startsWith('CONFIG_') === true) return new UsageError(sentence)
  // A code says that the trouble was foreseen, and the sentence what to do; anything else wants its stack.
  return code === undefined ? error : new CommandError(sentence, { cause: error })
}
