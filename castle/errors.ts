// Everything that Castle refuses or fails at, in one table: the HTTP status, Kafka's error code for those who ask by the
// Kafka protocol, and what to do next. The message of an error says what happened, with the names and values.

import { errors } from '@castellan/protocol'

interface ErrorKind {
  readonly status: number
  /** What a Kafka client is told. */
  readonly kafka: keyof typeof errors
  readonly next: string
}

export const errorKinds = {
  // Topics
  TOPIC_NAME_WRONG: {
    status: 400,
    kafka: 'INVALID_TOPIC_EXCEPTION',
    next: 'Use 1 to 249 of the characters a-z A-Z 0-9 . _ -',
  },
  TOPIC_EXISTS: {
    status: 409,
    kafka: 'TOPIC_ALREADY_EXISTS',
    next: 'Choose another name, or change the topic that exists.',
  },
  TOPIC_UNKNOWN: {
    status: 404,
    kafka: 'UNKNOWN_TOPIC_OR_PARTITION',
    next: 'Correct the name (GET /api/topics lists them), or create the topic.',
  },
  TOPIC_INTERNAL: {
    status: 409,
    kafka: 'INVALID_TOPIC_EXCEPTION',
    next: 'Leave topics of the platform itself to Castle.',
  },
  TOPIC_SETTING_WRONG: { status: 400, kafka: 'INVALID_CONFIG', next: 'Correct the settings named.' },
  PARTITIONS_WRONG: { status: 400, kafka: 'INVALID_PARTITIONS', next: 'Choose another number of partitions.' },
  LABELS_WRONG: {
    status: 400,
    kafka: 'INVALID_REQUEST',
    next: 'Give fewer or shorter labels, or remove some with null.',
  },
  REPLICATION_FACTOR_WRONG: {
    status: 400,
    kafka: 'INVALID_REPLICATION_FACTOR',
    next: 'Leave replicationFactor out, give at most as many as there are living brokers that replicate, or start more brokers.',
  },
  REPLICAS_WRONG: {
    status: 400,
    kafka: 'INVALID_REPLICA_ASSIGNMENT',
    next: 'Name living brokers of the cluster that replicate, each once for a partition.',
  },
  REASSIGNMENT_NONE: {
    status: 409,
    kafka: 'NO_REASSIGNMENT_IN_PROGRESS',
    next: 'Look at the topic: nothing is under way there that could be taken back.',
  },
  NOBODY_ELECTED: {
    status: 409,
    kafka: 'ELIGIBLE_LEADERS_NOT_AVAILABLE',
    next: 'Look at the topic: it shows who leads, who is in sync, and why others are not.',
  },
  REPLICAS_NOT_IN_SYNC: {
    status: 409,
    kafka: 'INVALID_REPLICA_ASSIGNMENT',
    next: 'Wait until enough of the replicas that would stay are in sync (GET the topic shows who is), then try again.',
  },
  TOPIC_IN_DOUBT: {
    status: 503,
    kafka: 'REQUEST_TIMED_OUT',
    next: 'Start the brokers that have not reported (GET /api/problems names them), or give them up.',
  },
  NO_BROKER: {
    status: 503,
    kafka: 'INVALID_REPLICATION_FACTOR',
    next: 'Start a broker of the cluster, then try again.',
  },

  // Clusters, brokers, groups, clients
  CLUSTER_UNKNOWN: { status: 404, kafka: 'INVALID_REQUEST', next: 'Correct the name (GET /api/clusters lists them).' },
  CLUSTER_NAME_WRONG: {
    status: 400,
    kafka: 'INVALID_REQUEST',
    next: 'Use 1 to 249 of the characters a-z A-Z 0-9 . _ -',
  },
  BROKER_ID_TAKEN: {
    status: 409,
    kafka: 'DUPLICATE_BROKER_REGISTRATION',
    next: 'Give the broker an id that no broker of another cluster has.',
  },
  BROKER_NOT_AWAITED: {
    status: 409,
    kafka: 'INVALID_REQUEST',
    next: 'Nothing has to be given up: GET /api/problems names the brokers that topics in doubt wait for.',
  },
  GROUP_UNKNOWN: { status: 404, kafka: 'GROUP_ID_NOT_FOUND', next: 'Correct the name (GET /api/groups lists them).' },
  CLIENT_UNKNOWN: { status: 404, kafka: 'INVALID_REQUEST', next: 'Correct the id (GET /api/clients lists them).' },
  DIRECTIVES_FULL: {
    status: 409,
    kafka: 'THROTTLING_QUOTA_EXCEEDED',
    next: 'Wait until the client has followed the directives it has.',
  },

  // What was previewed, and what was asked before
  PLAN_OUTDATED: {
    status: 412,
    kafka: 'INVALID_REQUEST',
    next: 'Look at the plan again (the same request with ?dryRun=true), and send the version that it shows.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    kafka: 'INVALID_REQUEST',
    next: 'Take a new Idempotency-Key for each thing that is to be done once.',
  },

  // Messages
  PARTITION_UNKNOWN: { status: 404, kafka: 'UNKNOWN_TOPIC_OR_PARTITION', next: 'Name a partition that the topic has.' },
  PARTITION_NEEDED: {
    status: 400,
    kafka: 'INVALID_REQUEST',
    next: 'Say which partition, with ?partition=.',
  },
  CURSOR_WRONG: {
    status: 400,
    kafka: 'INVALID_REQUEST',
    next: 'Begin anew, without cursor: it goes on only where this topic, not an earlier one of its name, was read.',
  },
  MESSAGE_TOO_LARGE: {
    status: 413,
    kafka: 'MESSAGE_TOO_LARGE',
    next: "Send a smaller message, or raise the topic's max.message.bytes.",
  },
  WRITE_REFUSED: {
    status: 409,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Nothing was written: mend what the broker says.',
  },
  WRITE_UNSURE: {
    status: 504,
    kafka: 'REQUEST_TIMED_OUT',
    next: 'Look whether the message is there (GET the messages from latest) before sending it again.',
  },
  NO_LEADER: {
    status: 503,
    kafka: 'LEADER_NOT_AVAILABLE',
    next: 'Wait until the partition has a leader (GET /api/problems says why it has none), then try again.',
  },

  // Requests
  ORIGIN_FOREIGN: {
    status: 403,
    kafka: 'INVALID_REQUEST',
    next: "Send it from the console's own page, or from a program that is no browser.",
  },
  REQUEST_WRONG: {
    status: 400,
    kafka: 'INVALID_REQUEST',
    next: 'Correct the request; /api/openapi.json describes it.',
  },
  HOST_UNKNOWN: {
    status: 421,
    kafka: 'INVALID_REQUEST',
    next: 'Ask by the address of `listen` or by localhost, or start Castle with insecure=true if other names are meant.',
  },
  NOT_FOUND: { status: 404, kafka: 'INVALID_REQUEST', next: 'GET /api/openapi.json lists what there is.' },
  BUSY: { status: 503, kafka: 'THROTTLING_QUOTA_EXCEEDED', next: 'Try again in a moment.' },
  NOT_ACTIVE: {
    status: 503,
    kafka: 'NOT_CONTROLLER',
    next: 'Ask the active Castle; this one is stopping or was replaced.',
  },
  STORE_FAILED: { status: 503, kafka: 'KAFKA_STORAGE_ERROR', next: "Look at Castle's log; nothing was changed." },
  INTERNAL: { status: 500, kafka: 'UNKNOWN_SERVER_ERROR', next: "Look at Castle's log, and report it." },

  // Starting
  CONFIG_UNKNOWN: { status: 500, kafka: 'UNKNOWN_SERVER_ERROR', next: 'Remove the setting, or correct its name.' },
  CONFIG_WRONG: { status: 500, kafka: 'UNKNOWN_SERVER_ERROR', next: 'Give the setting a value as described.' },
  CONFIG_MISSING: { status: 500, kafka: 'UNKNOWN_SERVER_ERROR', next: 'Give the setting a value.' },
  LISTEN_FAILED: {
    status: 500,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Stop what uses the address, or choose another with `listen`.',
  },
  DATA_IN_USE: {
    status: 500,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Stop the other Castle, or choose another folder with `data.dir`.',
  },
  DATA_VERSION: {
    status: 500,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Use the release that wrote the data, or an empty folder.',
  },
  DATA_UNUSABLE: {
    status: 500,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Make the folder readable and writable, or choose another.',
  },
  EPOCHS_USED_UP: {
    status: 503,
    kafka: 'UNKNOWN_SERVER_ERROR',
    next: 'Restore the data folder from a backup with a lower epoch, or start over an empty folder; brokers keep their logs.',
  },
  STALE_EPOCH: { status: 503, kafka: 'NOT_CONTROLLER', next: 'Ask the Castle that took over.' },
} as const satisfies Record<string, ErrorKind>

export type CastleErrorCode = keyof typeof errorKinds

/** The names and values of an error, so that whoever shows it may say it in another language. */
export type ErrorParams = Readonly<Record<string, string | number | boolean | null>>

interface Details {
  readonly cause?: unknown
  readonly params?: ErrorParams
  /** Replaces the table's, where more is known. */
  readonly next?: string
}

export class CastleError extends Error {
  override readonly name = 'CastleError'
  readonly code: CastleErrorCode
  /** What to do about it, a sentence. */
  readonly next: string
  readonly params: ErrorParams

  constructor(code: CastleErrorCode, message: string, details: Details = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.next = details.next ?? errorKinds[code].next
    this.params = details.params ?? {}
  }

  get status(): number {
    return errorKinds[this.code].status
  }

  get kafkaCode(): number {
    return errors[errorKinds[this.code].kafka].code
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
