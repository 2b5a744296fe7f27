// Who holds memory that others wait for, and does not get on: a connection that began a request and sends the rest
// slowly, or never (a slow loris; a peer behind a broken network). It is closed after a while, so that nobody keeps the
// others from being served. Nobody is closed while nobody waits, nor for what is this broker's fault.

/** Who sends so fast is getting on, however long its request is. */
const bytesPerMsMin = 1024

/** What a connection is doing at one look. */
export interface Sending {
  /** Requests that came whole so far: tells whether it is still the same one that is half sent. */
  readonly requests: number
  /** Bytes that came so far. */
  readonly bytes: number
}

/** A connection as the last look left it. */
export interface Sender extends Sending {
  readonly slowMs: number
}

/** One more look, `elapsedMs` after the last. It is too slow when its `slowMs` reaches `connection.request.stall.ms`. */
export function look(last: Sender | undefined, now: Sending, elapsedMs: number): Sender {
  const { requests, bytes } = now
  if (last === undefined || last.requests !== requests) return { requests, bytes, slowMs: 0 }
  const isGettingOn = bytes - last.bytes >= elapsedMs * bytesPerMsMin
  return { requests, bytes, slowMs: isGettingOn ? last.slowMs : last.slowMs + elapsedMs }
}
