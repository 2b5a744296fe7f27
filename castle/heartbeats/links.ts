// The links that are open: whose they are, and the end of those that nobody speaks on.
import { type Clock, Complaints, type Link, type Logger } from '@castellan/protocol/runtime'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

interface Open {
  readonly link: Link
  session: Session | undefined
  /** When it was opened, or was last found to be its session's own. */
  aliveMs: number
}

export interface LinksOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly linksMax: number
  /** A link that is no session's own for so long is closed. */
  readonly silentMaxMs: number
}

export class Links {
  readonly #sessions: Sessions
  readonly #options: LinksOptions
  readonly #open = new Set<Open>()
  readonly #complaints: Complaints
  #refused = 0
  #closing = false

  constructor(sessions: Sessions, options: LinksOptions) {
    this.#sessions = sessions
    this.#options = options
    this.#complaints = new Complaints(options.clock, options.log)
  }

  get count(): number {
    return this.#open.size
  }

  get refused(): number {
    return this.#refused
  }

  /** Counts a link that is not let in, here or before it was one (castle/http/links.ts), and tells the log. */
  onRefused(peer: string, why: string): void {
    this.#refused += 1
    this.#complaints.say('refused', { peer, why, links: this.#open.size }, 'refused a link')
  }

  accept(link: Link): void {
    if (this.#closing || this.#open.size >= this.#options.linksMax) {
      this.onRefused(
        link.peer,
        this.#closing ? 'stopping' : `there are ${this.#options.linksMax}, the most there may be`,
      )
      link.start({ onMessage: () => undefined, onClose: () => undefined })
      return link.close()
    }
    const open: Open = { link, session: undefined, aliveMs: this.#options.clock.nowMs() }
    this.#open.add(open)
    link.start({
      onMessage: (text) => {
        if (!this.#closing) open.session = this.#sessions.onMessage(link, open.session, text)
      },
      onClose: () => {
        this.#open.delete(open)
        if (open.session !== undefined) this.#sessions.onLinkClosed(link, open.session)
      },
    })
  }

  /** Closes links that never said who they are, and those of senders that were superseded or forgotten. */
  sweep(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const open of [...this.#open]) {
      if (open.session?.link === open.link) open.aliveMs = nowMs
      else if (nowMs - open.aliveMs >= this.#options.silentMaxMs) open.link.close()
    }
  }

  close(): void {
    this.#closing = true
    for (const { link } of [...this.#open]) link.close()
  }
}
