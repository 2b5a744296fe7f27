// Every error that the SDK throws, in one table: what it means, whether the same call may succeed later, and what to do next.
//
// A broker's refusal keeps Kafka's own error code in `kafkaCode`; everything else is trouble of ours (network, options, time).
import { errorOf } from '@castellan/protocol'

interface ErrorKind {
  /** The same call may succeed later, and repeating it does no harm. */
  readonly retriable: boolean
  readonly next: string
}

export const errorKinds = {
  // Calls that were wrong
  OPTION_UNKNOWN: { retriable: false, next: 'Remove the option, or correct its name.' },
  OPTION_WRONG: { retriable: false, next: 'Give the option a value as described.' },
  MESSAGE_INVALID: { retriable: false, next: 'Give key and value as string, Uint8Array or null, and headers by name.' },
  MESSAGE_TOO_LARGE: { retriable: false, next: "Send a smaller message, or raise the topic's max.message.bytes." },
  PARTITION_UNKNOWN: { retriable: false, next: 'Name a partition that the topic has, or none.' },
  NOT_ASSIGNED: { retriable: false, next: 'Seek, pause and commit only partitions that this consumer holds now.' },
  ALREADY_RUNNING: { retriable: false, next: 'Call run or runBatches once for each consumer.' },
  CLOSED: { retriable: false, next: 'Connect again: this client, producer or consumer was closed.' },

  // Castle and brokers out of reach
  CASTLE_UNREACHABLE: { retriable: true, next: 'Check that Castle runs and that the address in `castle` is right.' },
  CASTLE_STOPPED_US: { retriable: false, next: 'Give each process its own identity: a newer one took this one over.' },
  CONNECT_FAILED: { retriable: true, next: 'Check that the broker runs and can be reached at its advertised address.' },
  CONNECTION_LOST: { retriable: true, next: 'Try again: whether the broker did what was asked is not known.' },
  REQUEST_TIMEOUT: { retriable: true, next: 'Try again: whether the broker did what was asked is not known.' },
  BUSY: { retriable: true, next: 'Wait for requests under way before starting more.' },
  NO_BROKER: { retriable: true, next: 'Wait until a broker of the cluster is up, or check the addresses.' },
  PROTOCOL_BROKEN: {
    retriable: true,
    next: 'Check that the address is a Kafka broker; if so, report it with both versions.',
  },
  VERSION_UNSUPPORTED: { retriable: false, next: 'Use brokers of Apache Kafka 4.0 or newer, or Castellan brokers.' },
  REFUSED: { retriable: false, next: "Look the broker's error up by its name." },

  // Topics
  TOPIC_UNKNOWN: { retriable: true, next: 'Create the topic, or correct its name.' },
  TOPIC_DELETED: {
    retriable: false,
    next: 'Send again if the message shall go to the topic made under the same name.',
  },

  // Producing
  BUFFER_FULL: { retriable: true, next: 'Await the promises of `send` before sending more.' },
  DELIVERY_TIMEOUT: {
    retriable: true,
    next: 'Send again: the message was not written. Its cause says what stood in the way.',
  },
  DELIVERY_UNKNOWN: {
    retriable: false,
    next: 'The message may have been written: send again only if a duplicate does no harm.',
  },

  // Consuming
  OFFSET_MISSING: { retriable: false, next: "Commit or seek to an offset, or set `start` to 'earliest' or 'latest'." },
  OFFSET_OUT_OF_RANGE: {
    retriable: false,
    next: "Seek to an offset that exists, or set `start` to 'earliest' or 'latest'.",
  },
  LOG_TRUNCATED: { retriable: false, next: 'The log lost records that were read: decide where to go on, and seek.' },
  DATA_CORRUPT: { retriable: true, next: 'When it stays, look for a failing disk, memory or network at the broker.' },
  PARTITION_LOST: { retriable: false, next: 'Stop working on this message: another member processes it again.' },
  COMMIT_REFUSED: { retriable: false, next: 'The partition went to another member, which starts at the last commit.' },
  GROUP_REFUSED: { retriable: false, next: "Look the coordinator's error up by its name." },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

interface Details {
  readonly cause?: unknown
  /** Kafka's error code, where a broker said it. */
  readonly kafkaCode?: number
  /** Replaces the table's, where more is known. */
  readonly retriable?: boolean
  readonly next?: string
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

  constructor(code: ErrorCode, problem: string, details: Details = {}) {
    super(problem, details.cause === undefined ? undefined : { cause: details.cause })
    const kind: ErrorKind = errorKinds[code]
    this.code = code
    this.retriable = details.retriable ?? kind.retriable
    this.next = details.next ?? kind.next
    this.kafkaCode = details.kafkaCode ?? null
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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** True for trouble that goes by: the network's, or what a broker called retriable. */
export function isRetriable(error: unknown): boolean {
  return error instanceof CastellanError && error.retriable
}
