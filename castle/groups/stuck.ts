// Messages that stop their partitions, as members' clients report them (D1): found without a look at every client.
import type { ClientReport, StuckReport } from '@castellan/protocol/heartbeat'
import type { Session } from '../heartbeats/session.ts'

export interface Stuck extends StuckReport {
  readonly cluster: string
  readonly group: string
  /** The id of the client that says so. */
  readonly client: string
}

export class StuckIndex {
  readonly #sessions = new Set<Session>()

  onReport(session: Session): void {
    const isStuck = (session.report as ClientReport).groups.some(({ stuck }) => stuck !== undefined && stuck.length > 0)
    if (isStuck) this.#sessions.add(session)
    else this.#sessions.delete(session)
  }

  /** Of one group, or of all. `isKnown`: a session that was superseded or forgotten says nothing any more. */
  *all(isKnown: (session: Session) => boolean, cluster?: string, group?: string): Iterable<Stuck> {
    for (const session of [...this.#sessions]) {
      if (!isKnown(session)) {
        this.#sessions.delete(session)
        continue
      }
      const home = session.cluster ?? ''
      if (cluster !== undefined && home !== cluster) continue
      for (const each of (session.report as ClientReport).groups) {
        if (group !== undefined && each.group !== group) continue
        for (const one of each.stuck ?? []) yield { ...one, cluster: home, group: each.group, client: session.id }
      }
    }
  }
}
