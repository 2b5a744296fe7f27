// How long clients take to pick a topic's change up: from the moment the newest version was on disk to the heartbeat that
// said first that it is applied. Looked at when a report comes, which a steady heartbeat has none of.
//
// In memory: a Castle that was started anew knows no times, and a client that came after a change did not wait for it.
import type { Holds, Session } from '../heartbeats/session.ts'
import type { Topic } from '../state/entities.ts'

interface Commit {
  readonly version: number
  readonly atMs: number
}

/** Of one client; the oldest are forgotten. */
const confirmedMax = 100

export class Pickups {
  /** Topic id -> its newest version. */
  readonly #commits = new Map<string, Commit>()

  committed({ topicId, version, deleted }: Topic, atMs: number): void {
    if (deleted) this.#commits.delete(topicId)
    else this.#commits.set(topicId, { version, atMs })
  }

  forget(topicId: string): void {
    this.#commits.delete(topicId)
  }

  /** A client's report: it says what it holds, and the one before said what it held. `topics` are those that it uses. */
  confirm(session: Session, heldBefore: Holds, topics: Iterable<Topic>, nowMs: number): void {
    session.arrivedMs ??= nowMs
    if (this.#commits.size === 0) return
    const { holds } = session.report
    for (const { topicId } of topics) {
      const commit = this.#commits.get(topicId)
      if (commit === undefined || commit.atMs < session.arrivedMs) continue
      const key = `topic/${topicId}`
      if (holds[key] !== commit.version || heldBefore[key] === commit.version) continue
      session.confirmed ??= new Map()
      session.confirmed.delete(topicId)
      session.confirmed.set(topicId, { version: commit.version, appliedMs: nowMs - commit.atMs })
      const [oldest] = session.confirmed.keys()
      if (session.confirmed.size > confirmedMax && oldest !== undefined) session.confirmed.delete(oldest)
    }
  }
}
