// Clients, for people: what their reports tell of them, directives to them, and the end of those that fell silent. Nothing of it is
// stored; what a client is to hold is scope.ts.
import type { Clock } from '@castellan/protocol/runtime'
import { CastleError } from './errors.ts'
import { type Stuck, StuckIndex } from './groups/stuck.ts'
import type { Holds, Session } from './heartbeats/session.ts'
import type { Sessions } from './heartbeats/sessions.ts'
import type { Topic } from './state/entities.ts'
import type { State } from './state/state.ts'
import { Pickups } from './topics/pickups.ts'
import type { Hub } from './views/hub.ts'
import { touchClient } from './views/touches.ts'

export interface ClientsOptions {
  /** To be read, never changed. */
  readonly state: State
  readonly hub: Hub
  readonly clock: Clock
  readonly leaseMs: number
  readonly castleEpoch: () => number
}

const directiveLifeMs = 60_000

export class Clients {
  /** How fast they pick changes of topics up. */
  readonly pickups = new Pickups()
  readonly #stuck = new StuckIndex()
  readonly #sessions: Sessions
  readonly #options: ClientsOptions
  #directives = 0

  constructor(sessions: Sessions, options: ClientsOptions) {
    this.#sessions = sessions
    this.#options = options
  }

  /** A client's report was taken in; `heldBefore`: what the one before said it holds. */
  onReport(session: Session, heldBefore: Holds): void {
    const { state, clock } = this.#options
    this.#stuck.onReport(session)
    this.pickups.confirm(session, heldBefore, topicsUsed(state, session), clock.nowMs())
    this.touch(session)
  }

  /** Pages that show it have something new to show. */
  touch(session: Session): void {
    touchClient(this.#options.hub, session)
  }

  /** Messages that stop their partitions: of one group, or of all. */
  stuckNow(cluster?: string, group?: string): Iterable<Stuck> {
    const isKnown = (session: Session) => this.#sessions.get('client', session.id) === session
    return this.#stuck.all(isKnown, cluster, group)
  }

  /** Gives a client a directive and hints at it. Returns its id. Throws CLIENT_UNKNOWN or DIRECTIVES_FULL. */
  direct(clientId: string, kind: 'report' | 'reconnect', args: unknown = {}): string {
    const session = this.#sessions.get('client', clientId)
    if (session === undefined) {
      const params = { id: clientId.slice(0, 300) }
      throw new CastleError('CLIENT_UNKNOWN', `no client '${params.id}' is known`, { params })
    }
    const { clock, castleEpoch } = this.#options
    this.#directives += 1
    const id = `${castleEpoch()}-${this.#directives}`
    session.directives.give(id, kind, args, directiveLifeMs, clock.nowMs(), clock.wallMs())
    this.#sessions.hint(session)
    return id
  }

  /** A client that was silent for a lease is forgotten: if it lives, it comes again and says everything. */
  sweep(attendedMs: number): void {
    for (const session of this.#sessions.all('client')) {
      if (attendedMs - session.heardMs < this.#options.leaseMs) continue
      this.#sessions.forget(session)
      this.touch(session)
    }
  }
}

/** The topics of a client's report that exist. */
function* topicsUsed(state: State, { cluster, report }: Session): Iterable<Topic> {
  if (cluster === undefined || report.kind !== 'client') return
  for (const name of report.topics) {
    const topic = state.topicNamed(cluster, name)
    if (topic !== undefined) yield topic
  }
}
