// Every setting of a Castle, declared once: file, environment and flags (cli), the type `CastleConfig` and the checks all
// come from this table. Names are Kafka's where Kafka has one.
import {
  absolutePathType,
  addressType,
  booleanType,
  type ConfigOf,
  configFrom,
  configFromTexts,
  type GivenOf,
  integerType,
  type Refuse,
  type SettingType,
  setting,
  stringType,
} from '@castellan/protocol/config'
import { CastleError } from './errors.ts'

const second = 1_000
const milliseconds = (min: number, max: number) => integerType(min, max, 'milliseconds')

/** Empty: none. */
function optionalFolder(): SettingType<string> {
  const folder = absolutePathType()
  return {
    ...folder,
    expected: `${folder.expected} or empty`,
    parse: (text) => (text === '' ? '' : folder.parse(text)),
  }
}

/** What the core follows; Castle without HTTP (the simulator's, the tests') needs these alone. */
export const coreSettings = {
  brokerHeartbeatIntervalMs: setting(
    'broker.heartbeat.interval.ms',
    milliseconds(10, 60 * second),
    'How often brokers heartbeat.',
    250,
  ),
  brokerLeaseMs: setting(
    'broker.lease.ms',
    milliseconds(50, 600 * second),
    'A broker that is silent for so long may be called dead.',
    1_000,
  ),
  clientHeartbeatIntervalMs: setting(
    'client.heartbeat.interval.ms',
    milliseconds(100, 600 * second),
    'How often clients heartbeat.',
    3 * second,
  ),
  clientLeaseMs: setting(
    'client.lease.ms',
    milliseconds(500, 3_600 * second),
    'A client that is silent for so long is forgotten.',
    10 * second,
  ),
  startGraceMs: setting(
    'start.grace.ms',
    milliseconds(0, 600 * second),
    'A Castle that just started calls nobody dead for so long, and decides nothing before it has heard all brokers; never less than a lease.',
    2 * second,
  ),
  clientsMax: setting(
    'clients.max',
    integerType(1, 1_000_000),
    'Clients at a time; further ones are told to come back.',
    100_000,
  ),
  clientArrivalsPerSecond: setting(
    'client.arrivals.per.second',
    integerType(1, 1_000_000),
    'New clients taken in per second; the others are told when to come back.',
    5_000,
  ),
  environment: setting(
    'environment',
    stringType(249),
    'The environment of clusters that register for the first time, such as production.',
    'development',
  ),
  numPartitions: setting(
    'num.partitions',
    integerType(1, 10_000),
    'Partitions of a topic that is made without saying.',
    1,
  ),
  defaultReplicationFactor: setting(
    'default.replication.factor',
    integerType(1, 100),
    'Replicas of a topic that is made without saying, and of __consumer_offsets: as many of them as there are brokers.',
    3,
  ),
  offsetsTopicPartitions: setting(
    'offsets.topic.num.partitions',
    integerType(1, 10_000),
    'Partitions of __consumer_offsets; they are never more later.',
    12,
  ),
  offsetsTopicBrokers: setting(
    'offsets.topic.brokers',
    integerType(1, 1_000),
    '__consumer_offsets is made as soon as so many brokers of a cluster are there, or offsets.topic.wait.ms after the first.',
    3,
  ),
  offsetsTopicWaitMs: setting(
    'offsets.topic.wait.ms',
    milliseconds(0, 600 * second),
    '__consumer_offsets is made so long after the first broker of a cluster, with those that are there.',
    1 * second,
  ),
  leaderRebalanceDelayMs: setting(
    'leader.rebalance.delay.ms',
    milliseconds(0, 24 * 3_600 * second),
    'A preferred replica leads again once it has been in sync for so long; longer after repeated falls. 0: not by itself.',
    5 * second,
  ),
  decisionsMax: setting(
    'decisions.max',
    integerType(10, 100_000),
    'Decisions that are kept; the oldest go first.',
    1_000,
  ),
} as const

export const castleSettings = {
  listen: setting(
    'listen',
    addressType(),
    'The address of the HTTP API, the console and the links; port 0 lets the system choose.',
    { host: '127.0.0.1', port: 8600 },
  ),
  insecure: setting('insecure', booleanType(), 'Accept connections from other machines without authentication.', false),
  consoleFolder: setting(
    'console.dir',
    optionalFolder(),
    'The folder of the built console, absolute; empty: no console is served.',
    '',
  ),
  dataFolder: setting('data.dir', absolutePathType(), "The folder of Castle's state."),
  ...coreSettings,
} as const

export type CoreSettings = ConfigOf<typeof coreSettings>
/** The settings of one Castle process. Units as the names say. */
export type CastleConfig = ConfigOf<typeof castleSettings>

const refuse: Refuse = (problem, message, next) => new CastleError(problem, message, { next })

export function coreConfig(given: Partial<CoreSettings> = {}): CoreSettings {
  return checkTimes(configFrom(coreSettings, given, refuse))
}

/** A whole config from values; the rest are defaults. Throws a CastleError that names the setting and what would be right. */
export function castleConfig(given: GivenOf<typeof castleSettings>): CastleConfig {
  return checkTogether(configFrom(castleSettings, given, refuse))
}

/** The same from texts by setting name. */
export function parseCastleConfig(texts: Readonly<Record<string, string>>): CastleConfig {
  return checkTogether(configFromTexts(castleSettings, texts, refuse))
}

function checkTogether(config: CastleConfig): CastleConfig {
  const { listen, insecure } = config
  const loopback = listen.host === 'localhost' || listen.host === '::1' || listen.host.startsWith('127.')
  if (!loopback && !insecure) {
    const message = `listen is ${listen.host}:${listen.port}, which other machines reach, and there is no authentication`
    throw refuse('CONFIG_WRONG', message, 'Let listen be on 127.0.0.1, or set insecure=true if this is meant.')
  }
  return checkTimes(config)
}

/** Two missed heartbeats are not yet death. */
function checkTimes<Config extends CoreSettings>(config: Config): Config {
  const pairs = [
    ['broker', config.brokerHeartbeatIntervalMs, config.brokerLeaseMs],
    ['client', config.clientHeartbeatIntervalMs, config.clientLeaseMs],
  ] as const
  for (const [kind, intervalMs, leaseMs] of pairs) {
    if (leaseMs > 2 * intervalMs) continue
    const message = `${kind}.lease.ms is ${leaseMs}, but must be more than twice ${kind}.heartbeat.interval.ms (${intervalMs})`
    throw refuse('CONFIG_WRONG', message, `Raise ${kind}.lease.ms, or lower ${kind}.heartbeat.interval.ms.`)
  }
  return config
}
