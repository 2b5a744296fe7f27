// How a service gets its producers and consumers. This is the SDK's rim: here alone it looks at the process it runs in.
import { hostname } from 'node:os'
import { type Address, type Logger, nodeRuntime, type Runtime, silentLogger } from '@castellan/protocol/runtime'
import { Castellan } from './castellan.ts'
import { CastleLink } from './castle/castle-link.ts'
import { CastellanError } from './errors.ts'
import { KafkaClient } from './kafka/client.ts'
import { consoleLogger } from './log.ts'
import {
  callback,
  checkOptions,
  custom,
  durationMs,
  name,
  nameLengthMax,
  needed,
  optional,
  type Rules,
} from './options.ts'
import { release } from './release.ts'
import { Signals } from './signals.ts'

/** What is worth knowing beyond results and errors. */
export type SdkEvent =
  | { readonly kind: 'castle'; readonly state: 'connected' | 'disconnected' | 'stopped' }
  /** Sends wait, and why; null: they go on. */
  | { readonly kind: 'producer-waiting'; readonly reason: string | null }
  /** A message stops its partition, or its key; null: it does not any more. More of it by `consumer.on`. */
  | {
      readonly kind: 'consumer-stuck'
      readonly group: string
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly error: string | null
    }
  | { readonly kind: 'consumer-failed'; readonly group: string; readonly error: CastellanError }

interface CommonOptions {
  /** Name of this service, shown in Castle, the console and brokers' logs. */
  readonly service: string
  /** A pino logger, or anything alike. Default: warnings and errors to stderr. */
  readonly log?: Logger
  readonly onEvent?: (event: SdkEvent) => void
}

export interface ConnectOptions extends CommonOptions {
  /** Where Castle is: http://host:port; several where there are standbys. */
  readonly castle: string | readonly string[]
  /** Which of Castle's clusters. Left out: Castle chooses. */
  readonly cluster?: string
  /** How long to wait for Castle. Left out: for ever, saying so in the log. */
  readonly connectTimeoutMs?: number
  /** Ends the waiting. */
  readonly signal?: AbortSignal
}

export interface ConnectKafkaOptions extends CommonOptions {
  /** host:port, one or several, also as one text with commas. */
  readonly bootstrap: string | readonly string[]
  readonly connectTimeoutMs?: number
}

const forever = 2_147_483_647
/** One for all clients of the process. */
const signals = new Signals(process)

const isTexts = (value: unknown) =>
  (typeof value === 'string' && value !== '') ||
  (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== ''))

const isLogger = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  ['debug', 'info', 'warn', 'error', 'child'].every((name) => name in value)

const common = {
  service: needed(name()),
  log: optional(custom<Logger>('a logger with debug, info, warn, error and child', silentLogger, isLogger)),
  onEvent: callback<(event: SdkEvent) => void>(() => {}),
}

const connectRules: Rules<ConnectOptions> = {
  ...(common as Rules<CommonOptions>),
  castle: needed(custom<string | readonly string[]>('a URL of Castle, or a list of them', '', isTexts)),
  cluster: optional(name()) as Rules<ConnectOptions>['cluster'],
  connectTimeoutMs: durationMs(forever, 1),
  signal: optional(
    custom<AbortSignal>('an AbortSignal', new AbortController().signal, (value) => value instanceof AbortSignal),
  ) as Rules<ConnectOptions>['signal'],
}

const connectKafkaRules: Rules<ConnectKafkaOptions> = {
  ...(common as Rules<CommonOptions>),
  bootstrap: needed(custom<string | readonly string[]>('host:port, or a list of them', '', isTexts)),
  connectTimeoutMs: durationMs(30_000, 1),
}

/**
 * Connects to Castle, and through it to a cluster. Waits until Castle has named a broker that is up, and says in the log that it waits: a
 * service may start before its platform.
 * Throws OPTION_UNKNOWN, OPTION_WRONG, CASTLE_UNREACHABLE (after `connectTimeoutMs`), or the reason of `signal`.
 */
export function connect(options: ConnectOptions): Promise<Castellan> {
  return connectWith(nodeRuntime(), options)
}

/** Where a client runs, as people are shown it. */
export interface Whereabouts {
  readonly host: string
  readonly pid: number
}

const here: Whereabouts = { host: hostname().slice(0, nameLengthMax) || 'unknown', pid: process.pid }

/** `connect` on a runtime of one's own, and from a place of one's own: the simulator's. */
export async function connectWith(
  runtime: Runtime,
  given: ConnectOptions,
  whereabouts: Whereabouts = here,
): Promise<Castellan> {
  const options = checkOptions('connect', connectRules, given)
  const { service, connectTimeoutMs, signal, onEvent, log = consoleLogger() } = options as Required<ConnectOptions>
  const client = new KafkaClient(runtime, { bootstrap: [], clientId: service }, log)
  const link = new CastleLink(
    runtime,
    client,
    {
      ...linkOptions(options),
      ...whereabouts,
      onState: (state) => onEvent({ kind: 'castle', state }),
      onStop: () => onEvent({ kind: 'castle', state: 'stopped' }),
    },
    log,
  )
  link.start()
  try {
    await link.ready(connectTimeoutMs, signal)
  } catch (error) {
    await link.stop()
    client.close()
    throw error
  }
  return new Castellan(client, link, { log, onEvent, signals })
}

/**
 * Connects to any Kafka-protocol cluster without Castle: the same producers and consumers, with Ack -1 and Kafka's own assignor.
 * Throws OPTION_UNKNOWN, OPTION_WRONG, NO_BROKER (none answered within `connectTimeoutMs`).
 */
export function connectKafka(options: ConnectKafkaOptions): Promise<Castellan> {
  return connectKafkaWith(nodeRuntime(), options)
}

/** `connectKafka` on a runtime of one's own. */
export async function connectKafkaWith(runtime: Runtime, given: ConnectKafkaOptions): Promise<Castellan> {
  const options = checkOptions('connectKafka', connectKafkaRules, given)
  const {
    service,
    bootstrap,
    connectTimeoutMs,
    onEvent,
    log = consoleLogger(),
  } = options as Required<ConnectKafkaOptions>
  const client = new KafkaClient(runtime, { bootstrap: addressesOf(bootstrap), clientId: service }, log)
  try {
    await client.metadata.whenKnown(connectTimeoutMs)
  } catch (error) {
    client.close()
    throw error
  }
  return new Castellan(client, null, { log, onEvent, signals })
}

function linkOptions({ castle, service, cluster }: ConnectOptions) {
  const urls = typeof castle === 'string' ? [castle] : castle
  for (const url of urls) {
    if (URL.canParse(url) && /^(http|ws)s?:$/.test(new URL(url).protocol)) continue
    throw new CastellanError(
      'OPTION_WRONG',
      `connect: 'castle' must be a URL such as http://127.0.0.1:8600, not '${url}'`,
    )
  }
  return {
    urls,
    service,
    release,
    cluster: cluster ?? null,
  }
}

function addressesOf(bootstrap: string | readonly string[]): Address[] {
  const texts = typeof bootstrap === 'string' ? bootstrap.split(',') : bootstrap
  return texts.map((one) => {
    const [, host, port] = /^(.+):(\d+)$/.exec(one.trim()) ?? []
    if (host !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) }
    throw new CastellanError('OPTION_WRONG', `connectKafka: 'bootstrap' must be host:port, not '${one}'`)
  })
}
