// Every setting of a broker, declared once: name, type, default and meaning. File, environment and flags (cli), the
// type `BrokerConfig`, DescribeConfigs and the checks all come from this table. Names are Kafka's where Kafka has one.
import type { Address } from '@castellan/protocol/runtime'
import { BrokerError } from './errors.ts'
import {
  addressType,
  booleanType,
  integerType,
  listType,
  nullable,
  onlyType,
  type SettingType,
  stringType,
} from './setting-types.ts'

export interface Setting<T> {
  readonly name: string
  readonly type: SettingType<T>
  /** Absent: it must be given. */
  readonly default?: T
  readonly doc: string
}

function setting<T>(name: string, type: SettingType<T>, doc: string, ...byDefault: [T?]): Setting<T> {
  return byDefault.length === 0 ? { name, type, doc } : { name, type, doc, default: byDefault[0] as T }
}

const KiB = 1024
const MiB = 1024 * KiB
const second = 1000
const minute = 60 * second
const count = (max = 2_147_483_647) => integerType(1, max)
const durationMs = () => integerType(1, Number.MAX_SAFE_INTEGER, 'milliseconds')

export const brokerSettings = {
  brokerId: setting('node.id', integerType(0, 2_147_483_647), 'The id of this broker in its cluster.'),
  cluster: setting('cluster', stringType(249), 'The cluster that this broker belongs to.', 'default'),
  castle: setting(
    'castle',
    listType(/^https?:\/\/[^/]+\/?$/, 'URLs like http://127.0.0.1:8600'),
    'Where Castle answers; several when there are standbys.',
  ),
  listen: setting(
    'listen',
    addressType(),
    'The address that this broker accepts connections on; port 0 lets the system choose.',
    {
      host: '127.0.0.1',
      port: 9092,
    },
  ),
  advertise: setting<Address | null>(
    'advertise',
    nullable(addressType()),
    'The address that clients are told; `listen` when not given.',
    null,
  ),
  metricsListen: setting<Address | null>(
    'metrics.listen',
    nullable(addressType()),
    'Where /metrics and /health are served; not served when not given.',
    null,
  ),
  insecure: setting('insecure', booleanType(), 'Accept connections from other machines without authentication.', false),
  rack: setting<string | null>(
    'broker.rack',
    nullable(stringType(249)),
    'The rack (the machine) of this broker: no two replicas of a partition share one.',
    null,
  ),
  dataFolder: setting('log.dir', stringType(4096), 'The folder of all logs of this broker, absolute.'),

  maxConnections: setting(
    'max.connections',
    count(),
    'Connections at a time; further ones are closed at once.',
    10_000,
  ),
  connectionsMaxIdleMs: setting(
    'connections.max.idle.ms',
    durationMs(),
    'A connection without requests for so long is closed.',
    10 * minute,
  ),
  socketRequestMaxBytes: setting(
    'socket.request.max.bytes',
    integerType(KiB, 1024 * MiB, 'bytes'),
    'The largest request.',
    100 * MiB,
  ),
  connectionRequestsMax: setting(
    'connection.requests.max',
    count(100_000),
    'Requests of one connection that are worked on at a time; further ones wait unread.',
    100,
  ),
  connectionRequestBytesMax: setting(
    'connection.request.bytes.max',
    integerType(KiB, 1024 * MiB, 'bytes'),
    'Bytes of requests of one connection that are worked on at a time (one larger request is let through alone).',
    16 * MiB,
  ),
  connectionResponseBytesMax: setting(
    'connection.response.bytes.max',
    integerType(KiB, 1024 * MiB, 'bytes'),
    'Bytes of answers that a connection may leave untaken before its further requests wait.',
    4 * MiB,
  ),
  fetchMaxBytes: setting(
    'fetch.max.bytes',
    integerType(KiB, 1024 * MiB, 'bytes'),
    'The most that one Fetch answers, whatever it asks for.',
    55 * MiB,
  ),
  autoCreateTopicsEnable: setting(
    'auto.create.topics.enable',
    onlyType(false, 'topics are made in the console, by the API or by CreateTopics'),
    'Topics are never made by asking for them.',
    false as const,
  ),
  producerIdExpirationMs: setting(
    'producer.id.expiration.ms',
    durationMs(),
    'The state of an idempotent producer is forgotten so long after its last batch.',
    1440 * minute,
  ),
  producerIdExpirationCheckIntervalMs: setting(
    'producer.id.expiration.check.interval.ms',
    durationMs(),
    'How often forgotten producers are looked for.',
    10 * minute,
  ),
  logRetentionCheckIntervalMs: setting(
    'log.retention.check.interval.ms',
    durationMs(),
    'How often retention is applied.',
    5 * minute,
  ),
  logCacheBytesMax: setting(
    'log.cache.bytes',
    integerType(0, 1024 * 1024 * MiB, 'bytes'),
    'Memory for recent batches, of all partitions together.',
    64 * MiB,
  ),
  logOpenFilesMax: setting(
    'log.open.files.max',
    integerType(16, 1_000_000),
    'Files of logs that are held open at a time.',
    400,
  ),
  offsetMetadataMaxBytes: setting(
    'offset.metadata.max.bytes',
    integerType(0, MiB, 'bytes'),
    'The longest text that may go with a committed offset.',
    4096,
  ),
  groupConsumerSessionTimeoutMs: setting(
    'group.consumer.session.timeout.ms',
    durationMs(),
    'A member that is silent for so long loses its partitions.',
    10 * second,
  ),
  groupConsumerHeartbeatIntervalMs: setting(
    'group.consumer.heartbeat.interval.ms',
    durationMs(),
    'How often members heartbeat to their coordinator.',
    3 * second,
  ),
  groupConsumerMaxSize: setting('group.consumer.max.size', count(), 'Members of one group at most.', 10_000),
  groupCastleGraceMs: setting(
    'group.castle.grace.ms',
    durationMs(),
    'Castle is waited for so long before a coordinator assigns by itself.',
    5 * second,
  ),
} as const satisfies Record<string, Setting<never> | Setting<unknown>>

type Table = typeof brokerSettings
type ValueOf<S> = S extends Setting<infer T> ? T : never
type Required = { [K in keyof Table]: K extends 'brokerId' | 'castle' | 'dataFolder' ? K : never }[keyof Table]

/** The settings of one broker. Units as the names say. */
export type BrokerConfig = { readonly [K in keyof Table]: ValueOf<Table[K]> }

/** A whole config from what is given as values: the rest are defaults. Checks all. */
export function brokerConfig(given: Pick<BrokerConfig, Required> & Partial<BrokerConfig>): BrokerConfig {
  const config: Record<string, unknown> = {}
  for (const [key, { name, type, default: byDefault, doc }] of entries()) {
    const value = (given as Record<string, unknown>)[key] ?? byDefault
    if (value === undefined)
      throw new BrokerError('CONFIG_MISSING', `${name} is not set: ${doc}`, { next: `Give ${name} ${type.expected}.` })
    config[key] = value
  }
  for (const key of Object.keys(given)) if (!(key in brokerSettings)) throw unknownSetting(key, '')
  return checkTogether(config as BrokerConfig)
}

/**
 * A whole config from texts by setting name, as files, environment and flags have them.
 * Throws a BrokerError that names the setting, its value, and what would be right.
 */
export function parseBrokerConfig(texts: Readonly<Record<string, string>>): BrokerConfig {
  const given: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(texts)) {
    const entry = entries().find(([, setting]) => setting.name === name)
    if (!entry) throw unknownSetting(name, text)
    const [key, { type }] = entry
    const value = type.parse(text)
    if (value === undefined) {
      throw new BrokerError('CONFIG_WRONG', `${name} is ${JSON.stringify(text)}, but must be ${type.expected}`, {
        next: `Give ${name} ${type.expected}.`,
      })
    }
    given[key] = value
  }
  return brokerConfig(given as BrokerConfig)
}

/** Where clients reach this broker, when it listens on `listening`. */
export function advertisedAddress(config: BrokerConfig, listening: Address): Address {
  if (config.advertise)
    return config.advertise.port === 0 ? { ...config.advertise, port: listening.port } : config.advertise
  return { host: config.listen.host, port: listening.port }
}

function checkTogether(config: BrokerConfig): BrokerConfig {
  for (const [name, address] of [
    ['listen', config.listen],
    ['metrics.listen', config.metricsListen],
  ] as const) {
    if (!address || config.insecure || isLoopback(address.host)) continue
    throw new BrokerError(
      'CONFIG_WRONG',
      `${name} is ${address.host}:${address.port}, which other machines reach, and there is no authentication`,
      {
        next: `Let ${name} be on 127.0.0.1, or set insecure=true if this is meant.`,
      },
    )
  }
  const anywhere = config.listen.host === '0.0.0.0' || config.listen.host === '::'
  if (anywhere && !config.advertise) {
    throw new BrokerError('CONFIG_WRONG', `listen is ${config.listen.host}, which clients cannot connect to`, {
      next: 'Set advertise to the host and port that clients shall use.',
    })
  }
  if (!config.dataFolder.startsWith('/')) {
    throw new BrokerError(
      'CONFIG_WRONG',
      `log.dir is ${JSON.stringify(config.dataFolder)}, but must be an absolute path`,
    )
  }
  return config
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function entries(): [string, Setting<unknown>][] {
  return Object.entries(brokerSettings) as [string, Setting<unknown>][]
}

function unknownSetting(name: string, value: string): BrokerError {
  const near = entries()
    .map(([, setting]) => setting.name)
    .find((known) => squeezed(known) === squeezed(name))
  return new BrokerError(
    'CONFIG_UNKNOWN',
    `there is no setting ${JSON.stringify(name)} (given as ${JSON.stringify(value)})`,
    {
      next: near
        ? `Write it ${near}.`
        : `Known settings: ${entries()
            .map(([, setting]) => setting.name)
            .join(', ')}.`,
    },
  )
}

const squeezed = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')
