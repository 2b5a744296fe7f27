// Commits by itself what is done: every interval, and before partitions are given up.
import type { Timer } from '@castellan/protocol/runtime'
import { messageOf } from '../errors.ts'
import type { Commits } from './commits.ts'
import type { GroupClient } from './group-client.ts'
import type { AssignedPartition } from './partition.ts'

/** How long one commit is tried; the next interval brings another. */
const commitTimeoutMs = 5_000

export class AutoCommit {
  readonly #group: GroupClient
  readonly #commits: Commits
  readonly #intervalMs: number
  readonly #partitions: () => readonly AssignedPartition[]
  #timer: Timer | null = null
  #isStopped = false

  constructor(
    group: GroupClient,
    commits: Commits,
    intervalMs: number,
    partitions: () => readonly AssignedPartition[],
  ) {
    this.#group = group
    this.#commits = commits
    this.#intervalMs = intervalMs
    this.#partitions = partitions
  }

  start(): void {
    this.#timer = this.#group.client.runtime.clock.after(this.#intervalMs, async () => {
      await this.commit(this.#partitions(), commitTimeoutMs)
      if (!this.#isStopped) this.start()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** What is done in these partitions. Never throws: what is not committed is handled again by whoever comes next. */
  async commit(partitions: readonly AssignedPartition[], timeoutMs: number): Promise<void> {
    try {
      await this.#commits.commit(() => this.#commits.due(partitions), timeoutMs)
    } catch (error) {
      const { client, group } = this.#group
      client.log.warn({ group, error: messageOf(error) }, 'offsets were not committed')
    }
  }
}
