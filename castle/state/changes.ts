// How the state changes: one decision after another, and each is on disk before anybody hears of it.
//
//   compute (pure, on a draft) --> store.commit --> state.apply --> who listens: sessions, groups
//
// A Castle that has just started holds its decisions until it has heard everybody, or a lease is over: its store may have gone back, and
// what it decides by it would count as newer than what brokers know (R14). Doubts alone come at once.
//
// A decision that changes nothing is not written. Versions and everything that must never repeat contain the Castle epoch
// (R14), so a counter in memory is enough for the rest.
import { type Deferred, deferred } from '@castellan/protocol'
import { versionOf } from '@castellan/protocol/heartbeat'
import { type Clock, Complaints, type Logger } from '@castellan/protocol/runtime'
import { CastleError, messageOf } from '../errors.ts'
import { doubtTopics } from '../restore/doubts.ts'
import { raisedTo } from '../restore/known.ts'
import type { Store } from '../store/store.ts'
import { decodeEntry, encodeChange } from './codec.ts'
import { Draft } from './draft.ts'
import { type Entities, type EntityChange, type Kind, kinds } from './entities.ts'
import { State } from './state.ts'

/** Decisions that wait; the next is refused. */
const queueMax = 10_000
/** Of one Castle epoch: ids given under different epochs never meet (R14). */
const producerIdsMax = 2 ** 32

/** The last change was refused by the store: nothing that people or brokers ask for is written. */
export interface WriteFailure {
  /** ms since 1970: of the first one, and of the last. */
  readonly sinceMs: number
  readonly lastMs: number
  readonly reason: string
}

export interface AppliedChange {
  readonly change: EntityChange
  readonly before: Entities[Kind] | undefined
}

export interface ChangesOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly decisionsMax: number
  /** After each commit, in order, with what each change replaced. */
  readonly onApplied: (changes: readonly AppliedChange[]) => void
  readonly onEpochRaised: () => void
  /** Another Castle took over: this one may decide nothing any more. */
  readonly onReplaced: (error: CastleError) => void
}

export class Changes {
  readonly state: State
  readonly #options: ChangesOptions
  #castleEpoch: number
  #change = 0
  /** Producer ids given under this Castle epoch. */
  #producerIds = 0
  #lastDecision: number
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #held = 0
  /** What is decided meanwhile waits for it. */
  #release: Deferred<void> | undefined
  #closed: CastleError | undefined
  #writeFailure: WriteFailure | null = null
  readonly #complaints: Complaints

  private constructor(options: ChangesOptions, state: State, castleEpoch: number) {
    this.#options = options
    this.state = state
    this.#castleEpoch = castleEpoch
    this.#complaints = new Complaints(options.clock, options.log)
    this.#lastDecision = Math.max(0, ...[...state.all('decision')].map((decision) => decision.number))
  }

  /** Takes the lease, then loads: nobody else changes what was read. */
  static async open(options: ChangesOptions): Promise<Changes> {
    const { castleEpoch, wentBack } = await options.store.lease(0)
    const state = new State()
    for (const entry of await options.store.load()) state.apply(decodeEntry(entry))
    const changes = new Changes(options, state, castleEpoch)
    // Before anybody is heard: of those who know better nobody may be there (R14).
    if (wentBack === true) await changes.#doubtAll('the store was put back to an older state')
    return changes
  }

  async #doubtAll(why: string): Promise<void> {
    this.#options.log.warn({ castleEpoch: this.#castleEpoch, why }, 'every topic is in doubt')
    await this.changeAtOnce((draft) => {
      doubtTopics(draft, why)
      draft.decide({ kind: 'castle-epoch', what: `took Castle epoch ${this.#castleEpoch}`, why, about: [] })
    })
  }

  get castleEpoch(): number {
    return this.#castleEpoch
  }

  /** Null: the last change was written. */
  get writeFailure(): WriteFailure | null {
    return this.#writeFailure
  }

  /** For subjects that are made from reports and never stored. */
  nextVersion(): number {
    this.#change += 1
    return versionOf(this.#castleEpoch, this.#change)
  }

  /**
   * Computes a decision on the state as it is when its turn comes, writes it, applies it. Resolves, with what `compute`
   * returned, when it is durable; rejects with a CastleError, and nothing changed, when it was refused or not written.
   */
  async change<T>(compute: (draft: Draft) => T): Promise<T> {
    if (this.#release !== undefined) await this.#whenReleased(this.#release.promise)
    return this.changeAtOnce(compute)
  }

  /** As `change`, also while decisions are held. */
  changeAtOnce<T>(compute: (draft: Draft) => T): Promise<T> {
    return this.#inTurn(async () => {
      const draft = this.#draft()
      const result = compute(draft)
      await this.#commit(draft)
      return result
    })
  }

  /**
   * Somebody knows of something newer than this store (R14): takes a Castle epoch of at least `atLeast`, and gives every
   * subject a version of that epoch, so that everybody takes this Castle's word again. `isNeeded` is asked when its turn
   * comes: of the many who know better, the first may have done for all. `also` is decided with it.
   */
  raiseEpoch(
    atLeast: number,
    why: string,
    isNeeded: () => boolean,
    also: (draft: Draft) => void = () => {},
  ): Promise<void> {
    return this.#inTurn(async () => {
      if (!isNeeded()) return
      const { castleEpoch } = await this.#options.store.lease(atLeast)
      this.#options.log.warn({ castleEpoch, before: this.#castleEpoch, why }, 'took a higher Castle epoch')
      this.#castleEpoch = castleEpoch
      this.#change = 0
      this.#producerIds = 0
      const draft = this.#draft()
      for (const kind of kinds) reversion(draft, kind)
      also(draft)
      draft.decide({ kind: 'castle-epoch', what: `took Castle epoch ${castleEpoch}`, why, about: [] })
      await this.#commit(draft)
      this.#options.onEpochRaised()
    })
  }

  /** Decisions wait from now on, until `release`. */
  hold(): void {
    this.#release ??= deferred()
  }

  /** Whoever waited goes on, in the order of asking. */
  release(): void {
    this.#release?.resolve()
    this.#release = undefined
  }

  get isHeld(): boolean {
    return this.#release !== undefined
  }

  /** Refuses what comes from now on; resolves when what was under way has ended. */
  async close(): Promise<void> {
    this.#closed ??= new CastleError('NOT_ACTIVE', 'this Castle is stopping')
    this.release()
    await this.#tail
  }

  #draft(): Draft {
    let lastDecision = this.#lastDecision
    return new Draft(this.state, {
      nextVersion: () => this.nextVersion(),
      takeProducerIds: (length) => this.#takeProducerIds(length),
      nextDecision: () => ++lastDecision,
      wallMs: this.#options.clock.wallMs(),
      decisionsMax: this.#options.decisionsMax,
    })
  }

  #takeProducerIds(length: number): number {
    const start = this.#producerIds
    if (start + length > producerIdsMax) {
      throw new CastleError('INTERNAL', `Castle epoch ${this.#castleEpoch} has no producer ids left`, {
        next: 'Start Castle again.',
      })
    }
    this.#producerIds += length
    return versionOf(this.#castleEpoch, start)
  }

  async #commit(draft: Draft): Promise<void> {
    const { changes } = draft
    if (changes.length === 0) return
    try {
      await this.#options.store.commit(changes.map(encodeChange), this.#castleEpoch)
    } catch (error) {
      if (error instanceof CastleError && error.code === 'STALE_EPOCH') this.#replaced(error)
      const nowMs = this.#options.clock.wallMs()
      const reason = messageOf(error)
      this.#writeFailure = { sinceMs: this.#writeFailure?.sinceMs ?? nowMs, lastMs: nowMs, reason }
      this.#complaints.say('write', { error, changes: changes.length }, 'a decision could not be written', 'error')
      throw new CastleError('STORE_FAILED', `the change could not be written: ${reason}`, { cause: error })
    }
    this.#writeFailure = null
    const applied = changes.map((change): AppliedChange => {
      const before = this.state.get(change.kind, change.key)
      this.state.apply(change)
      if (change.kind === 'decision' && change.entity !== null) this.#lastDecision = change.entity.number
      return { change, before }
    })
    this.#options.onApplied(applied)
  }

  #replaced(error: CastleError): never {
    this.#closed = error
    this.#options.onReplaced(error)
    throw error
  }

  async #whenReleased(released: Promise<void>): Promise<void> {
    checkRoom(this.#held)
    this.#held += 1
    await released
    this.#held -= 1
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    checkRoom(this.#waiting)
    this.#waiting += 1
    const turn = this.#tail.then(async () => {
      this.#waiting -= 1
      if (this.#closed !== undefined) throw this.#closed
      return task()
    })
    // Whoever asked hears of the failure; the next in the queue goes on.
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}

function checkRoom(waiting: number): void {
  if (waiting >= queueMax) throw new CastleError('BUSY', `${queueMax} changes wait to be written`)
}

function reversion(draft: Draft, kind: Kind): void {
  if (kind === 'broker' || kind === 'decision') return
  if (kind === 'topic') {
    for (const topic of [...draft.all(kind)]) draft.put(kind, raisedTo(topic, draft.nextVersion()))
    return
  }
  for (const entity of [...draft.all(kind)]) draft.put(kind, { ...entity, version: draft.nextVersion() })
}
