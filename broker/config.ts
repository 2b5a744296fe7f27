// Every setting of a broker, declared once: name, type, default and meaning. File, environment and flags (cli), the
// type `BrokerConfig`, DescribeConfigs and the checks all come from this table. Names are Kafka's where Kafka has one.
import {
  absolutePathType,
  addressType,
  booleanType,
  type ConfigOf,
  configFrom,
  configFromTexts,
  type GivenOf,
  integerType,
  listType,
  nullable,
  onlyType,
  type Refuse,
  type SettingsTable,
  setting,
  stringType,
} from '@castellan/protocol/config'
import type { Address } from '@castellan/protocol/runtime'
import { BrokerError } from './errors.ts'

const KiB = 1024
const MiB = 1024 * KiB
const second = 1_000
const minute = 60 * second
const count = (max = 2_147_483_647) => integerType(1, max)
const bytes = (min = KiB) => integerType(min, 1024 * MiB, 'bytes')
const duration = () => integerType(1, Number.MAX_SAFE_INTEGER, 'milliseconds')
/** As many groups, and members of a group, as a report to Castle may name (protocol/heartbeat/reports.ts). */
const reportedMax = 10_000

/** Who and where. */
const identitySettings = {
  brokerId: setting('node.id', integerType(0, 2_147_483_647), 'The id of this broker, unique in its Castle.'),
  cluster: setting('cluster', stringType(249), 'The cluster that this broker belongs to.', 'default'),
  castle: setting(
    'castle',
    listType(/^https?:\/\/[^/\s]+\/?$/, 'URLs such as http://127.0.0.1:8600'),
    'Where Castle answers; several when there are standbys.',
  ),
  listen: setting(
    'listen',
    addressType(),
    'The address that this broker accepts connections on; port 0 lets the system choose.',
    { host: '127.0.0.1', port: 9092 },
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
  dataFolder: setting('log.dir', absolutePathType(), 'The folder of all logs of this broker.'),
}

/** What connections may cost. */
const connectionSettings = {
  maxConnections: setting(
    'max.connections',
    count(),
    'Connections at a time; further ones are closed at once.',
    10_000,
  ),
  connectionsMaxIdleMs: setting(
    'connections.max.idle.ms',
    duration(),
    'A connection without requests for so long is closed.',
    10 * minute,
  ),
  socketRequestMaxBytes: setting('socket.request.max.bytes', bytes(), 'The largest request.', 100 * MiB),
  connectionRequestsMax: setting(
    'connection.requests.max',
    count(100_000),
    'Requests of one connection that are worked on at a time; further ones wait unread.',
    100,
  ),
  connectionRequestBytesMax: setting(
    'connection.request.bytes.max',
    bytes(),
    'Bytes of requests of one connection that are worked on at a time; a larger request goes alone.',
    16 * MiB,
  ),
  connectionResponseBytesMax: setting(
    'connection.response.bytes.max',
    bytes(),
    'Bytes of answers of one connection that may wait for an earlier answer before its further requests wait.',
    4 * MiB,
  ),
  queuedMaxRequestBytes: setting(
    'queued.max.request.bytes',
    integerType(MiB, 1024 * 1024 * MiB, 'bytes'),
    'Memory for all requests that are half read or not answered; while it is used up, what needs more than 4 KiB waits unread. A request larger than 5/8 of it goes alone.',
    256 * MiB,
  ),
  queuedMaxResponseBytes: setting(
    'queued.max.response.bytes',
    integerType(MiB, 1024 * 1024 * MiB, 'bytes'),
    'Memory for all answers that were read from files and have not left; while it is used up, further fetches of old data answer less, or wait their turn. An answer larger than it goes alone.',
    256 * MiB,
  ),
  connectionRequestStallMs: setting(
    'connection.request.stall.ms',
    duration(),
    'A connection that holds memory which others wait for is closed when the rest of its request does not come, or its answers are not taken, for so long.',
    10 * second,
  ),
  replicaLagTimeMaxMs: setting(
    'replica.lag.time.max.ms',
    integerType(500, 10 * minute, 'milliseconds'),
    'A follower that has not caught up with its leader for so long is not in sync any more.',
    2 * second,
  ),
  controlledShutdownMaxMs: setting(
    'controlled.shutdown.max.ms',
    integerType(0, 10 * minute, 'milliseconds'),
    'At a stop, Castle has so long to give what this broker leads to others; a second signal cuts it short.',
    5 * second,
  ),
  fetchMaxBytes: setting(
    'fetch.max.bytes',
    bytes(),
    'The most that one Fetch answers, whatever it asks for.',
    55 * MiB,
  ),
}

const logSettings = {
  autoCreateTopicsEnable: setting(
    'auto.create.topics.enable',
    onlyType(false, 'topics are made in the console, by the API or by CreateTopics'),
    'Whether topics are made by asking for them.',
    false as const,
  ),
  producerIdExpirationMs: setting(
    'producer.id.expiration.ms',
    duration(),
    'The state of an idempotent producer is forgotten so long after its last batch.',
    1440 * minute,
  ),
  producerIdExpirationCheckIntervalMs: setting(
    'producer.id.expiration.check.interval.ms',
    duration(),
    'How often forgotten producers are looked for.',
    10 * minute,
  ),
  logRetentionCheckIntervalMs: setting(
    'log.retention.check.interval.ms',
    duration(),
    'How often retention is applied.',
    5 * minute,
  ),
  logScrubIntervalMs: setting(
    'log.scrub.interval.ms',
    duration(),
    'Closed segments are read again, and checked, once in so long: flipped bits are found while other replicas have them right.',
    7 * 24 * 60 * minute,
  ),
  logScrubBytesPerSecond: setting(
    'log.scrub.bytes.per.second',
    integerType(0, 1024 * 1024 * MiB, 'bytes'),
    'How fast they are read, all partitions together; 0: they are not.',
    8 * MiB,
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
}

const groupSettings = {
  groupConsumerSessionTimeoutMs: setting(
    'group.consumer.session.timeout.ms',
    duration(),
    'A member that is silent for so long loses its partitions.',
    10 * second,
  ),
  groupConsumerHeartbeatIntervalMs: setting(
    'group.consumer.heartbeat.interval.ms',
    duration(),
    'How often members heartbeat to their coordinator.',
    3 * second,
  ),
  groupConvergingHeartbeatIntervalMs: setting(
    'group.converging.heartbeat.interval.ms',
    duration(),
    'How often they do while their group hands partitions over.',
    500,
  ),
  groupConsumerMaxSize: setting(
    'group.consumer.max.size',
    count(reportedMax),
    'Members of one group at most.',
    reportedMax,
  ),
  groupsMax: setting('groups.max', count(reportedMax), 'Groups that one broker coordinates at most.', reportedMax),
  groupCastleGraceMs: setting(
    'group.castle.grace.ms',
    duration(),
    'Castle is waited for so long before a coordinator assigns by itself.',
    2 * second,
  ),
  groupLogSnapshotBytes: setting(
    'group.log.snapshot.bytes',
    bytes(64 * KiB),
    'A coordinator shortens its log by a snapshot after so many bytes.',
    16 * MiB,
  ),
  offsetMetadataMaxBytes: setting(
    'offset.metadata.max.bytes',
    integerType(0, MiB, 'bytes'),
    'The longest text that may go with a committed offset.',
    4096,
  ),
  offsetsRetentionMinutes: setting(
    'offsets.retention.minutes',
    integerType(1, 2_147_483_647, 'minutes'),
    'The offsets of a group without members are forgotten after so long.',
    7 * 24 * 60,
  ),
  offsetsRetentionCheckIntervalMs: setting(
    'offsets.retention.check.interval.ms',
    duration(),
    'How often such offsets are looked for.',
    10 * minute,
  ),
}

export const brokerSettings = {
  ...identitySettings,
  ...connectionSettings,
  ...logSettings,
  ...groupSettings,
} satisfies SettingsTable

/** The settings of one broker. Units as the names say. */
export type BrokerConfig = ConfigOf<typeof brokerSettings>

const refuse: Refuse = (problem, message, next) => new BrokerError(problem, message, { next })

/** A whole config from what is given as values; the rest are defaults. Throws a BrokerError for what cannot be. */
export function brokerConfig(given: GivenOf<typeof brokerSettings>): BrokerConfig {
  return checkTogether(configFrom(brokerSettings, given, refuse))
}

/**
 * A whole config from texts by setting name, as files, environment and flags have them.
 * Throws a BrokerError that names the setting, its value, and what would be right.
 */
export function parseBrokerConfig(texts: Readonly<Record<string, string>>): BrokerConfig {
  return checkTogether(configFromTexts(brokerSettings, texts, refuse))
}

/** Where clients reach this broker, when it listens on `listening`. */
export function advertisedAddress({ listen, advertise }: BrokerConfig, listening: Address): Address {
  if (advertise === null) return { host: listen.host, port: listening.port }
  return advertise.port === 0 ? { host: advertise.host, port: listening.port } : advertise
}

function checkTogether(config: BrokerConfig): BrokerConfig {
  const { listen, metricsListen, advertise, insecure } = config
  for (const [name, address] of Object.entries({ listen, 'metrics.listen': metricsListen })) {
    if (address === null || insecure || isLoopback(address.host)) continue
    throw refuse(
      'CONFIG_WRONG',
      `${name} is ${address.host}:${address.port}, which other machines reach, and there is no authentication`,
      `Let ${name} be on 127.0.0.1, or set insecure=true if this is meant.`,
    )
  }
  if ((listen.host === '0.0.0.0' || listen.host === '::') && advertise === null) {
    throw refuse(
      'CONFIG_WRONG',
      `listen is ${listen.host}, an address that clients cannot connect to`,
      'Set advertise to the host and port that clients shall use.',
    )
  }
  return config
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
