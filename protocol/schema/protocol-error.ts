// What reading or writing a message throws: always this type, so that a connection can be closed for it and the
// process goes on (design.md, Bounds and bad input).

export type ProtocolErrorCode =
  | 'TRUNCATED' // the bytes end inside a field
  | 'BAD_LENGTH' // a length or count that is negative, or more than the bytes that are left can hold
  | 'BAD_VARINT' // more than 32 bits
  | 'BAD_TAG' // tagged fields out of order, or with more or fewer bytes than they claim
  | 'NULL' // null where the field takes none at this version
  | 'OUT_OF_RANGE' // a value that its type cannot hold, or an int64 that is no safe integer
  | 'TOO_MANY_ELEMENTS' // more array elements in one message than a reader accepts
  | 'FRAME_TOO_LARGE' // the frame is longer than the limit of its connection
  | 'UNSUPPORTED_VERSION' // the schema does not know this version

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** The same error, saying in which message it happened. */
  within(what: string): ProtocolError {
    return new ProtocolError(this.code, `${what}: ${this.message}`, { cause: this })
  }
}
