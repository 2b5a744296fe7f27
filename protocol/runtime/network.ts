// A network, injected: byte connections (TCP, for the Kafka protocol) and message links (WebSocket, for
// heartbeats). Errors carry Node's `code` (ECONNREFUSED, ECONNRESET, EADDRINUSE, ETIMEDOUT, ...).

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ConnectionHandlers {
  /** Where the next bytes go: at least one byte of room. Called again before each read. */
  readBuffer(): Uint8Array
  /** `length` new bytes stand at the start of the last `readBuffer`. Keep no reference longer than the buffer's owner allows. */
  onRead(length: number): void
  /** What was written has left; called after `write` returned false. */
  onDrain(): void
  /** Once, after which nothing else is called. Null: the peer ended it in good order, or we did. */
  onClose(error: Error | null): void
}

export interface Connection {
  /** The peer as host:port, for logs. */
  readonly peer: string
  /** Bytes accepted by `write` and not yet handed to the system. */
  readonly bufferedBytes: number
  /** Must be called once, in the turn in which the connection was made. */
  start(handlers: ConnectionHandlers): void
  /**
   * Sends the chunks in order, without copying: they must not change until `onSent` is called (also when the connection broke).
   * False: too much is buffered, wait for `onDrain`.
   */
  write(chunks: readonly Uint8Array[], onSent?: () => void): boolean
  /** Stops and resumes reading, to push back. */
  pause(): void
  resume(): void
  /** Sends what is buffered, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
  /** Breaks it at once: to the peer it is a broken connection, not one that was ended. */
  reset(): void
}

export interface Listener {
  /** The real address, with the port that the system chose when 0 was asked. */
  readonly address: Address
  /** Stops accepting; existing connections stay. */
  close(): Promise<void>
}

export interface LinkHandlers {
  onMessage(text: string): void
  onClose(error: Error | null): void
}

/** A two-way link of text messages, each at most `maxMessageBytes` long. */
export interface Link {
  readonly peer: string
  readonly bufferedBytes: number
  start(handlers: LinkHandlers): void
  send(text: string): void
  close(): void
}

export interface Network {
  /** Rejects with EADDRINUSE, EACCES, EADDRNOTAVAIL as Node does. */
  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener>
  connect(address: Address, options: { timeoutMs: number }): Promise<Connection>
  /** Opens a link to `url` (ws://host:port/path). */
  dial(url: string, options: { timeoutMs: number; maxMessageBytes: number }): Promise<Link>
}
