// Directives at Castle: commands to one incarnation, given in every answer until their outcome comes back, and dropped when
// they expire. In memory only: what must hold after a restart is state, not a directive (heartbeat.md).
import type { Directive, DirectiveOutcome } from '@castellan/protocol/heartbeat'
import { CastleError } from '../errors.ts'

/** What people see of a directive. */
export interface DirectiveView {
  readonly id: string
  readonly kind: string
  readonly givenMs: number
  readonly state: 'given' | 'done' | 'refused' | 'failed' | 'expired'
  readonly reason: string | null
  readonly durationMs: number | null
}

interface Outstanding {
  readonly id: string
  readonly kind: string
  readonly args: unknown
  readonly expiresAtMs: number
  readonly givenMs: number
}

const outstandingMax = 100
const pastMax = 20

export class Directives {
  readonly #outstanding = new Map<string, Outstanding>()
  /** The last ones that ended, newest last. */
  readonly #past: DirectiveView[] = []

  get size(): number {
    return this.#outstanding.size
  }

  /** `nowMs` is monotonic, `wallMs` for people. Throws DIRECTIVES_FULL. */
  give(id: string, kind: string, args: unknown, expiresInMs: number, nowMs: number, wallMs: number): void {
    if (this.#outstanding.size >= outstandingMax) {
      throw new CastleError('DIRECTIVES_FULL', `${outstandingMax} directives wait for this sender already`)
    }
    this.#outstanding.set(id, { id, kind, args, expiresAtMs: nowMs + expiresInMs, givenMs: wallMs })
  }

  /** What goes into the next answer: all that are not acknowledged, so that a lost answer loses none. */
  toSend(nowMs: number): Directive[] {
    const directives: Directive[] = []
    for (const one of [...this.#outstanding.values()]) {
      if (one.expiresAtMs > nowMs) {
        directives.push({ id: one.id, kind: one.kind, args: one.args, expiresInMs: one.expiresAtMs - nowMs })
      } else this.#end(one, { state: 'expired', reason: 'no outcome was heard in time', durationMs: null })
    }
    return directives
  }

  acknowledged({ id, outcome, reason, durationMs }: DirectiveOutcome): void {
    const one = this.#outstanding.get(id)
    if (one !== undefined) this.#end(one, { state: outcome, reason: reason ?? null, durationMs })
  }

  list(): DirectiveView[] {
    const given = [...this.#outstanding.values()].map(({ id, kind, givenMs }): DirectiveView => {
      return { id, kind, givenMs, state: 'given', reason: null, durationMs: null }
    })
    return [...this.#past, ...given]
  }

  #end({ id, kind, givenMs }: Outstanding, end: Pick<DirectiveView, 'state' | 'reason' | 'durationMs'>): void {
    this.#outstanding.delete(id)
    this.#past.push({ id, kind, givenMs, ...end })
    if (this.#past.length > pastMax) this.#past.shift()
  }
}
