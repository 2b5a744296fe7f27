// Trouble with a group log: what stands in it cannot be used. Groups of that partition have no coordinator meanwhile.

const next = {
  GROUP_LOG_VERSION: 'Run the release that wrote it, or a newer one.',
  GROUP_LOG_DAMAGED: 'Repair the partition from another replica, or restore its folder from a backup.',
  GROUP_LOG_CLOSED: 'Nothing: this broker has stopped coordinating these groups.',
} as const

export class GroupLogError extends Error {
  readonly code: keyof typeof next
  /** What to do about it, one sentence. */
  readonly next: string

  constructor(code: keyof typeof next, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.name = 'GroupLogError'
    this.code = code
    this.next = next[code]
  }
}
