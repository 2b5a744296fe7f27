// Who is to hear of what: sessions by audience (`cluster/c`, `topics/c`, `topic/c/orders`, ...), so that a change reaches
// exactly those it concerns and a steady heartbeat looks at nobody else's state.
import type { Session } from './session.ts'

export class Interest {
  readonly #sessions = new Map<string, Set<Session>>()
  /** Called when the last one leaves an audience. */
  readonly #onNobody: (audience: string) => void

  constructor(onNobody: (audience: string) => void) {
    this.#onNobody = onNobody
  }

  of(audience: string): Iterable<Session> {
    return this.#sessions.get(audience) ?? []
  }

  /**
   * The session is interested in these audiences and in no others. Those that it begins with as before are not looked at again: a list that
   * grows at its end costs what is new.
   */
  set(session: Session, audiences: readonly string[]): void {
    const before = session.interests
    let same = 0
    while (same < before.length && before[same] === audiences[same]) same += 1
    for (const audience of audiences.slice(same)) {
      const sessions = this.#sessions.get(audience)
      if (sessions === undefined) this.#sessions.set(audience, new Set([session]))
      else sessions.add(session)
    }
    session.interests = audiences
    const kept = new Set(before.length > same ? audiences : [])
    for (const audience of before.slice(same)) if (!kept.has(audience)) this.#leave(session, audience)
  }

  #leave(session: Session, audience: string): void {
    const sessions = this.#sessions.get(audience)
    sessions?.delete(session)
    if (sessions?.size !== 0) return
    this.#sessions.delete(audience)
    this.#onNobody(audience)
  }
}
