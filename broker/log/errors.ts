// What can be wrong with a log on disk. None of it is for clients: a partition answers those with KAFKA_STORAGE_ERROR
// and keeps the text as its fault (R9).

const codes = {
  /** Bytes on disk are not what was written, with good ones behind them, or files are missing or too short. */
  LOG_CORRUPT:
    'Another replica mends it; where none can, elect a leader (unclean) to go on with what is sound of it, or restore it from a backup.',
  LOG_VERSION: 'Use the release that wrote this log, or a data folder of its own for this one.',
  /** The disk refused to read, write or sync. */
  LOG_DISK: 'Look after the disk (space, health, permissions), then start the broker again.',
} as const

export type LogErrorCode = keyof typeof codes

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode
  /** What to do about it, one sentence. */
  readonly next: string

  constructor(code: LogErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.next = codes[code]
  }
}
