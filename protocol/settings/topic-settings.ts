// Kafka's topic settings in one table: name, type, default, what is allowed, and whether this version honours it.
// Castle's checks, a partition's behaviour, DescribeConfigs and the console all come from it.
//
// A setting that is not honoured is refused by name, unless its value is what happens anyway: nobody shall believe
// that a topic is compacted, or throttled, when it is not.
import { minInsyncDefault, type ReplicaSet, replicationFactorOf } from './min-insync.ts'
import { fixed, oneOf, type TopicSetting, trueOrFalse, wholeNumber } from './types.ts'

const KiB = 1024
const MiB = 1024 * KiB
const hour = 3_600_000
const day = 24 * hour
const never = '9223372036854775807'

const notCompacted = 'this version does not compact'
const notTiered = 'there is no tiered storage'
const notThrottled = 'this version does not throttle replication'
const notRecompressed = 'batches are stored as their producer compressed them'

const table = {
  retentionMs: wholeNumber(
    'retention.ms',
    'long',
    7 * day,
    { min: 0, unlimited: -1, unit: 'milliseconds' },
    'Records older than this are deleted, whole segments at a time.',
  ),
  retentionBytes: wholeNumber(
    'retention.bytes',
    'long',
    -1,
    { min: 0, unlimited: -1, unit: 'bytes' },
    'A partition larger than this loses its oldest segments.',
  ),
  segmentBytes: wholeNumber(
    'segment.bytes',
    'int',
    1024 * MiB,
    { min: MiB, unit: 'bytes' },
    'A log goes on in a new file when this one would get larger.',
  ),
  segmentMs: wholeNumber(
    'segment.ms',
    'long',
    7 * day,
    { min: 1, unit: 'milliseconds' },
    'A log goes on in a new file after this time, so that retention can delete the old one.',
  ),
  maxMessageBytes: wholeNumber(
    'max.message.bytes',
    'int',
    MiB + 12,
    { min: 0, unit: 'bytes' },
    'The largest batch of records, as compressed by its producer.',
  ),
  messageTimestampType: oneOf(
    'message.timestamp.type',
    ['CreateTime', 'LogAppendTime'],
    "Whether a record's timestamp is its producer's or that of its appending.",
  ),
  messageTimestampBeforeMaxMs: wholeNumber(
    'message.timestamp.before.max.ms',
    'long',
    never,
    { min: 0, unit: 'milliseconds' },
    "How far a producer's timestamp may lie in the past.",
  ),
  messageTimestampAfterMaxMs: wholeNumber(
    'message.timestamp.after.max.ms',
    'long',
    hour,
    { min: 0, unit: 'milliseconds' },
    "How far a producer's timestamp may lie in the future.",
  ),
  minInsyncReplicas: wholeNumber(
    'min.insync.replicas',
    'int',
    1,
    { min: 1 },
    'Ack -1 is refused while fewer replicas than this are in sync. Not set: 2 where there are three or more replicas, else 1.',
  ),
  uncleanLeaderElectionEnable: trueOrFalse(
    'unclean.leader.election.enable',
    false,
    'Whether the longest log that is left leads when nobody in sync can; what is lost is counted and shown.',
  ),
  indexIntervalBytes: wholeNumber(
    'index.interval.bytes',
    'int',
    4 * KiB,
    { min: 0, unit: 'bytes' },
    'An index has one entry for about so many bytes of log.',
  ),
  flushMessages: wholeNumber(
    'flush.messages',
    'long',
    never,
    { min: 1 },
    'After so many records the log is forced to disk; with 1, before they are acknowledged.',
  ),
  flushMs: wholeNumber(
    'flush.ms',
    'long',
    never,
    { min: 0, unit: 'milliseconds' },
    'No record stays longer than this without being forced to disk.',
  ),

  cleanupPolicy: fixed('cleanup.policy', 'list', 'delete', notCompacted, 'What is done with old records.'),
  compressionType: fixed('compression.type', 'string', 'producer', notRecompressed, 'How batches are stored.'),
  gzipLevel: fixed('compression.gzip.level', 'int', '-1', notRecompressed, 'How hard gzip tries.'),
  lz4Level: fixed('compression.lz4.level', 'int', '9', notRecompressed, 'How hard lz4 tries.'),
  zstdLevel: fixed('compression.zstd.level', 'int', '3', notRecompressed, 'How hard zstd tries.'),
  deleteRetentionMs: fixed(
    'delete.retention.ms',
    'long',
    String(day),
    notCompacted,
    'How long a compacted log keeps the marks of deleted keys.',
  ),
  maxCompactionLagMs: fixed(
    'max.compaction.lag.ms',
    'long',
    never,
    notCompacted,
    'When a record is compacted at the latest.',
  ),
  minCompactionLagMs: fixed(
    'min.compaction.lag.ms',
    'long',
    '0',
    notCompacted,
    'When a record is compacted at the earliest.',
  ),
  minCleanableDirtyRatio: fixed(
    'min.cleanable.dirty.ratio',
    'double',
    '0.5',
    notCompacted,
    'How much of a log must be new before it is compacted again.',
  ),
  fileDeleteDelayMs: fixed(
    'file.delete.delay.ms',
    'long',
    '0',
    'files of deleted segments go as soon as nobody reads them',
    'How long the files of deleted segments stay.',
  ),
  preallocate: fixed(
    'preallocate',
    'boolean',
    'false',
    'files grow as they are written',
    'Whether files have their full size from the start.',
  ),
  segmentIndexBytes: fixed(
    'segment.index.bytes',
    'int',
    String(10 * MiB),
    'index.interval.bytes and segment.bytes bound an index here',
    'The largest index of a segment.',
  ),
  segmentJitterMs: fixed(
    'segment.jitter.ms',
    'long',
    '0',
    'segment.ms is kept as given',
    'A random part that is taken off segment.ms.',
  ),
  leaderThrottledReplicas: fixed(
    'leader.replication.throttled.replicas',
    'list',
    '',
    notThrottled,
    'Replicas whose replication is throttled at the leader.',
  ),
  followerThrottledReplicas: fixed(
    'follower.replication.throttled.replicas',
    'list',
    '',
    notThrottled,
    'Replicas whose replication is throttled at the follower.',
  ),
  remoteStorageEnable: fixed(
    'remote.storage.enable',
    'boolean',
    'false',
    notTiered,
    'Whether old segments move to other storage.',
  ),
  remoteLogCopyDisable: fixed(
    'remote.log.copy.disable',
    'boolean',
    'false',
    notTiered,
    'Whether nothing more is copied there.',
  ),
  remoteLogDeleteOnDisable: fixed(
    'remote.log.delete.on.disable',
    'boolean',
    'false',
    notTiered,
    'Whether what was copied there goes when it is switched off.',
  ),
  localRetentionMs: fixed('local.retention.ms', 'long', '-2', notTiered, 'How long segments stay on local disks too.'),
  localRetentionBytes: fixed('local.retention.bytes', 'long', '-2', notTiered, 'How much stays on local disks too.'),
} as const satisfies Record<string, TopicSetting>

type Table = typeof table
type ValueOf<S> = S extends TopicSetting<infer T> ? T : never

/** What the honoured settings of a topic come to. Infinity: no limit. Milliseconds and bytes as the names say. */
export type TopicSettings = {
  readonly [K in keyof Table as [ValueOf<Table[K]>] extends [never] ? never : K]: ValueOf<Table[K]>
}

/** Every topic setting that Kafka has, by name. */
export const topicSettings: ReadonlyMap<string, TopicSetting> = new Map(
  Object.values(table).map((setting) => [setting.name, setting]),
)

/** What was computed, by the object of settings and the replication factor: it is asked for each of a topic's thousands of partitions. */
const effective = new WeakMap<Readonly<Record<string, string>>, Map<number, TopicSettings>>()

/**
 * What a partition of a topic with these settings (only what differs from the defaults) does. Meant for settings that
 * `checkTopicConfigs` found right: where one is not (it came from a newer Castle), its default holds. The default of
 * min.insync.replicas depends on the partition's replicas; without them it is that of one.
 * The object of settings must not change.
 */
export function effectiveConfigs(configs: Readonly<Record<string, string>>, partition?: ReplicaSet): TopicSettings {
  const replicas = partition === undefined ? 1 : replicationFactorOf(partition)
  const byReplicas = effective.get(configs) ?? new Map<number, TopicSettings>()
  const settings = byReplicas.get(replicas) ?? settingsFrom(configs, replicas)
  effective.set(configs, byReplicas.set(replicas, settings))
  return settings
}

function settingsFrom(configs: Readonly<Record<string, string>>, replicas: number): TopicSettings {
  const settings: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries<TopicSetting>(table)) {
    if (!setting.honoured) continue
    const text = Object.hasOwn(configs, setting.name) ? configs[setting.name] : undefined
    settings[key] =
      (text === undefined ? undefined : setting.parse(text)) ?? setting.parse(defaultOf(setting, replicas))
  }
  return Object.freeze(settings as unknown as TopicSettings)
}

/** What a setting is on a topic of so many replicas that does not set it. */
export function defaultOf(setting: TopicSetting, replicationFactor: number): string {
  return setting === table.minInsyncReplicas ? String(minInsyncDefault(replicationFactor)) : setting.default
}
