// Trouble between this process and a broker that it asks. Neutral: whoever shows it to people maps the code to an error of its own,
// with what to do next (the SDK's table of errors; a follower's log lines).

export type ClientErrorCode =
  /** No connection could be opened. */
  | 'CONNECT_FAILED'
  /** It broke, or was closed, before the answer came. */
  | 'CONNECTION_LOST'
  /** No answer within the request's time. */
  | 'REQUEST_TIMEOUT'
  /** Too many requests are under way on this connection. */
  | 'BUSY'
  /** What came back is no answer to what was asked. */
  | 'PROTOCOL_BROKEN'
  /** The broker has no version of the request that this side can use. */
  | 'VERSION_UNSUPPORTED'

export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
