// How long clients take to pick a topic's change up: from the moment the newest version was on disk to the heartbeat that
// said it is applied. Looked at when a report comes, which a steady heartbeat has none of.
//
// In memory: a Castle that was started anew knows no times, and a client that came after a change did not wait for it.
import type { Session } from '../heartbeats/session.ts'
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

  /** A client's report: it says what it holds. `topics` are those that it uses. True: it confirms something new. */
  confirm(session: Session, topics: Iterable<Topic>, nowMs: number): boolean {
    session.arrivedMs ??= nowMs
    if (this.#commits.size === 0) return false
    let isNews = false
    for (const { topicId } of topics) {
      const commit = this.#commits.get(topicId)
      if (commit === undefined || session.report.holds[`topic/${topicId}`] !== commit.version) continue
      if (session.confirmed?.get(topicId)?.version === commit.version || commit.atMs < session.arrivedMs) continue
      isNews = true
      session.confirmed ??= new Map()
      session.confirmed.delete(topicId)
      session.confirmed.set(topicId, { version: commit.version, appliedMs: nowMs - commit.atMs })
      const [oldest] = session.confirmed.keys()
      if (session.confirmed.size > confirmedMax && oldest !== undefined) session.confirmed.delete(oldest)
    }
    return isNews
  }
}
