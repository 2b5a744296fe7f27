// Every error that the SDK throws, in one table: why it happens, whether the same call may succeed later, and what to do next.
//
// A broker's refusal keeps Kafka's own error code in `kafkaCode`; everything else is trouble of ours (network, options, time).
import { inspect } from 'node:util'
import { errorOf } from '@castellan/protocol'
import type { ValueIssue } from './serde/schema.ts'

interface ErrorKind {
  /** The same call may succeed later, and repeating it does no harm. */
  readonly retriable: boolean
  /** What has happened, in general; an error's message says it of this case. */
  readonly why: string
  readonly next: string
}

export const errorKinds = {
  // Calls that were wrong
  OPTION_UNKNOWN: {
    retriable: false,
    why: 'There is no option of that name.',
    next: 'Remove the option, or correct its name.',
  },
  OPTION_WRONG: {
    retriable: false,
    why: 'The option does not take that value.',
    next: 'Give the option a value as described.',
  },
  MESSAGE_INVALID: {
    retriable: false,
    why: 'This is no message: a field is unknown, missing, or of the wrong kind.',
    next: 'Mend what the text names: key and value are string, Uint8Array or null, headers stand by name.',
  },
  MESSAGE_TOO_LARGE: {
    retriable: false,
    why: 'The message is larger than its topic takes (max.message.bytes).',
    next: "Send a smaller message, or raise the topic's max.message.bytes.",
  },
  PARTITION_UNKNOWN: {
    retriable: false,
    why: 'The topic has no partition of that number.',
    next: 'Name a partition that the topic has, or none.',
  },
  NOT_ASSIGNED: {
    retriable: false,
    why: 'This consumer does not hold that partition now: another member does, or nobody.',
    next: 'Seek, pause and commit only partitions that this consumer holds now.',
  },
  ALREADY_RUNNING: {
    retriable: false,
    why: 'The consumer hands its messages to a handler already.',
    next: 'Call run or runBatches once for each consumer.',
  },
  CLOSED: {
    retriable: false,
    why: 'This client, producer or consumer was closed; a message that fails with it was not written.',
    next: 'Connect again, for what was not written and not handled.',
  },

  // Castle and brokers out of reach
  CASTLE_UNREACHABLE: {
    retriable: true,
    why: 'Castle did not answer, or named no broker that is up, within `connectTimeoutMs`.',
    next: 'Check that Castle runs and that the address in `castle` is right.',
  },
  CASTLE_STOPPED_US: {
    retriable: false,
    why: 'Castle told this client to stop, because a newer process has taken its identity.',
    next: 'Give each process its own identity: a newer one took this one over.',
  },
  CONNECT_FAILED: {
    retriable: true,
    why: 'No connection to the broker could be opened.',
    next: 'Check that the broker runs and can be reached at its advertised address.',
  },
  CONNECTION_LOST: {
    retriable: true,
    why: 'The connection to the broker broke before it answered.',
    next: 'Try again: whether the broker did what was asked is not known.',
  },
  REQUEST_TIMEOUT: {
    retriable: true,
    why: 'The broker did not answer within the request timeout.',
    next: 'Try again: whether the broker did what was asked is not known.',
  },
  BUSY: {
    retriable: true,
    why: 'Too many requests are under way on one connection.',
    next: 'Wait for requests under way before starting more.',
  },
  NO_BROKER: {
    retriable: true,
    why: 'No broker that could be asked is known to be up.',
    next: 'Wait until a broker of the cluster is up, or check the addresses.',
  },
  PROTOCOL_BROKEN: {
    retriable: true,
    why: 'What came back is no answer of the Kafka protocol to what was asked.',
    next: 'Check that the address is a Kafka broker; if so, report it with both versions.',
  },
  VERSION_UNSUPPORTED: {
    retriable: false,
    why: 'The broker has no version of this request that the SDK has.',
    next: 'Use brokers of Apache Kafka 4.0 or newer, or Castellan brokers.',
  },
  REFUSED: {
    retriable: false,
    why: 'The broker refused the request with a Kafka error; `kafkaCode` and the message say which.',
    next: "Look the broker's error up by its name.",
  },

  // Topics
  TOPIC_UNKNOWN: {
    retriable: true,
    why: 'The cluster has no topic of that name.',
    next: 'Create the topic, or correct its name.',
  },
  TOPIC_DELETED: {
    retriable: false,
    why: 'The topic was deleted while the message waited to be sent.',
    next: 'Send again if the message shall go to the topic made under the same name.',
  },
  VALUE_REFUSED: {
    retriable: false,
    why: 'The value does not fit the schema of its topic; `issues` says where. Nothing was sent.',
    next: 'Correct the value, or the schema if the value is right.',
  },
  SERDE_FAILED: {
    retriable: false,
    why: 'The serde of the topic cannot store this key or value. Nothing was sent.',
    next: 'Give what the serde stores, or the topic another serde; serdes answer at once, without promises.',
  },
  SCHEMA_ASYNC: {
    retriable: false,
    why: 'The schema answers with a promise; sends keep the order of the calls, and do not wait for one another.',
    next: 'Use a schema without asynchronous checks (make those before `send`), and whose own code does not throw.',
  },

  // Producing
  BUFFER_FULL: {
    retriable: true,
    why: 'The buffer is full, and too many sends wait for room in it already. The message was not taken.',
    next: 'Await the promises of `send` before sending more.',
  },
  DELIVERY_TIMEOUT: {
    retriable: true,
    why: 'The message was not written within `deliveryTimeoutMs`: no request with it may have been carried out.',
    next: 'Send again: the message was not written. Its cause says what stood in the way.',
  },
  DELIVERY_UNKNOWN: {
    retriable: false,
    why: 'A request with the message left, and no answer said what became of it before the time was up.',
    next: 'The message may have been written: send again only if a duplicate does no harm.',
  },
  BATCH_FAILED: {
    retriable: false,
    why: 'Some messages of `sendBatch` were not acknowledged; `outcomes` says of each what became of it.',
    next: 'Send those again whose outcome is not-written; those that are perhaps-written only if a duplicate does no harm.',
  },

  // Consuming
  MESSAGE_UNDECODABLE: {
    retriable: false,
    why: "The message's key or value cannot be read as its topic says; it counts as a failed attempt.",
    next: 'Correct the schema or serde, or the sender; or seek past the message.',
  },
  OFFSET_MISSING: {
    retriable: false,
    why: "The group has committed no offset for the partition, and `start` is 'none'.",
    next: "Commit or seek to an offset, or set `start` to 'earliest' or 'latest'.",
  },
  OFFSET_OUT_OF_RANGE: {
    retriable: false,
    why: "The group's offset is no longer, or not yet, in the log, and `start` is 'none'.",
    next: "Seek to an offset that exists, or set `start` to 'earliest' or 'latest'.",
  },
  LOG_TRUNCATED: {
    retriable: false,
    why: 'The log ends before what was read: records were lost in an unclean election.',
    next: 'The log lost records that were read: decide where to go on, and seek.',
  },
  DATA_CORRUPT: {
    retriable: true,
    why: 'A batch of records does not match its checksum, or cannot be opened.',
    next: 'When it stays, look for a failing disk, memory or network at the broker.',
  },
  CONCURRENCY_UNSUPPORTED: {
    retriable: false,
    why: 'Batches, loops and the commit of one message take the messages of a partition one after another.',
    next: 'Leave `concurrency` at 1; or use `run`, and `commit()` for all that is done.',
  },
  PARTITION_LOST: {
    retriable: false,
    why: 'The partition went to another member, or the consumer closed, while its message was being handled.',
    next: 'Stop working on this message: another member processes it again.',
  },
  COMMIT_REFUSED: {
    retriable: false,
    why: "The coordinator took no commit: the partition is not this member's any more.",
    next: 'The partition went to another member, which starts at the last commit.',
  },
  GROUP_REFUSED: {
    retriable: false,
    why: 'The coordinator refused this member with a Kafka error; `kafkaCode` and the message say which.',
    next: "Look the coordinator's error up by its name.",
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

interface Details {
  readonly cause?: unknown
  /** What does not fit a schema, and where. */
  readonly issues?: readonly ValueIssue[]
  /** Kafka's error code, where a broker said it. */
  readonly kafkaCode?: number
  /** Replaces the table's, where more is known. */
  readonly retriable?: boolean
  readonly next?: string
  readonly maybeWritten?: boolean
}

/** Trouble, typed. `message` says what happened, `next` what to do about it. */
export class CastellanError extends Error {
  override readonly name = 'CastellanError'
  readonly code: ErrorCode
  /** The same call may succeed later, and repeating it does no harm. */
  readonly retriable: boolean
  /** What to do next, a sentence. */
  readonly next: string
  /** Kafka's error code, where a broker said it; else null. */
  readonly kafkaCode: number | null
  /** Of a message that was sent: a broker may have written it, so sending it again may make a duplicate. */
  readonly maybeWritten: boolean
  /** What does not fit the schema (VALUE_REFUSED, MESSAGE_UNDECODABLE); else empty. */
  readonly issues: readonly ValueIssue[]

  constructor(code: ErrorCode, problem: string, details: Details = {}) {
    super(problem, details.cause === undefined ? undefined : { cause: details.cause })
    const kind: ErrorKind = errorKinds[code]
    this.code = code
    this.retriable = details.retriable ?? kind.retriable
    this.next = details.next ?? kind.next
    this.kafkaCode = details.kafkaCode ?? null
    this.maybeWritten = details.maybeWritten ?? false
    this.issues = details.issues ?? []
  }
}

/** A broker's refusal as an error: `what` says what was asked. */
export function refusal(
  what: string,
  kafkaCode: number,
  message?: string | null,
  code: ErrorCode = 'REFUSED',
): CastellanError {
  const { name, retriable, message: text } = errorOf(kafkaCode)
  return new CastellanError(code, `${what}: ${name} (${message ?? text})`, { kafkaCode, retriable })
}

/** The error of a message that a broker may have written nevertheless. */
export function perhapsWritten(error: CastellanError): CastellanError {
  if (error.maybeWritten) return error
  const { code, message, cause, kafkaCode } = error
  const { next } = errorKinds.DELIVERY_UNKNOWN
  const details = { cause, retriable: false, next, maybeWritten: true }
  return new CastellanError(code, message, kafkaCode === null ? details : { ...details, kafkaCode })
}

/** For people: of whatever was thrown, which may be anything. Never throws. */
export function messageOf(error: unknown): string {
  try {
    const text: unknown = error instanceof Error ? error.message : error
    return typeof text === 'object' && text !== null ? inspect(text) : String(text)
  } catch {
    return 'an error that cannot be shown' // its own code throws
  }
}

/** True for trouble that goes by: the network's, or what a broker called retriable. */
export function isRetriable(error: unknown): boolean {
  return error instanceof CastellanError && error.retriable
}
