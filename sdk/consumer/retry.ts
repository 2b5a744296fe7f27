// How a service says that trying a message again is in vain.

/**
 * Thrown by a handler: the message is not tried again, and its partition (or key) is stuck at once: there are no dead letters in this
 * version. It waits for `resume`, for a seek past it, or for a process that can handle it.
 *
 *     throw new NotRetriable('the account was closed', { cause: error })
 */
export class NotRetriable extends Error {
  override readonly name = 'NotRetriable'
}

/** Also one of another copy of the SDK in this process: a library may bring its own. */
export function isNotRetriable(error: unknown): boolean {
  return error instanceof NotRetriable || (error instanceof Error && error.name === 'NotRetriable')
}
