// The live stream of this tab: one EventSource for the subjects of all that is visible. It only hints: who shows a subject fetches
// it again. A version that is already known is no news, so a reconnect costs nothing when nothing happened meanwhile.

interface Surroundings {
  /** Opens a source; it tells through the two callbacks. */
  open(url: string, on: { text(kind: 'change' | 'beat', data: string): void; end(): void }): { close(): void }
  /** Runs once after `ms`; returns how to stop it. */
  after(ms: number, run: () => void): () => void
  /** Any word from the stream. */
  beat(): void
  /** The source ended: is anybody there? */
  lost(): void
}

/** Pages mount and unmount in one go: wait for the dust to settle before asking for other subjects. */
const settleMs = 30
const retryMsMin = 250
const retryMsMax = 5_000

export class LiveStream {
  readonly #around: Surroundings
  /** Who listens to each subject. */
  readonly #listeners = new Map<string, Set<() => void>>()
  /** The newest version heard of each subject that somebody listens to. */
  readonly #versions = new Map<string, string>()
  #source: { close(): void } | undefined
  #stopTimer: (() => void) | undefined
  #open = ''
  #retryMs = retryMsMin

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** Calls `listener` whenever one of the subjects named has changed. Returns how to stop it. */
  listen(named: readonly string[], listener: () => void): () => void {
    const subjects = named.map(encode)
    for (const subject of subjects) {
      const listeners = this.#listeners.get(subject) ?? new Set()
      this.#listeners.set(subject, listeners.add(listener))
    }
    this.#schedule(settleMs)
    return () => {
      for (const subject of subjects) {
        const listeners = this.#listeners.get(subject)
        listeners?.delete(listener)
        if (listeners?.size !== 0) continue
        this.#listeners.delete(subject)
        this.#versions.delete(subject)
      }
      this.#schedule(settleMs)
    }
  }

  /** Castle was heard elsewhere: a source that is waited for is opened now. */
  hurry(): void {
    this.#retryMs = retryMsMin
    if (this.#source === undefined && this.#listeners.size > 0) this.#schedule(0)
  }

  #schedule(ms: number): void {
    this.#stopTimer?.()
    this.#stopTimer = this.#around.after(ms, () => this.#reopen())
  }

  #reopen(): void {
    this.#stopTimer = undefined
    const subjects = [...this.#listeners.keys()].sort().join(',')
    if (subjects === this.#open && this.#source !== undefined) return
    this.#source?.close()
    this.#source = undefined
    this.#open = subjects
    if (subjects === '') return
    this.#source = this.#around.open(`/api/stream?subjects=${encodeURIComponent(subjects)}`, {
      text: (kind, data) => this.#hear(kind, data),
      end: () => this.#lost(),
    })
  }

  #hear(kind: 'change' | 'beat', data: string): void {
    this.#retryMs = retryMsMin
    this.#around.beat()
    if (kind === 'beat') return
    const { subject, version } = JSON.parse(data) as { subject: string; version: number | string }
    const listeners = this.#listeners.get(subject)
    if (listeners === undefined || this.#versions.get(subject) === String(version)) return
    this.#versions.set(subject, String(version))
    for (const listener of listeners) listener()
  }

  #lost(): void {
    this.#source?.close()
    this.#source = undefined
    this.#around.lost()
    this.#schedule(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax)
  }
}

/** Names of groups may have commas, and commas stand between subjects. Castle tells of a subject as it was written. */
function encode(subject: string): string {
  return subject.replaceAll('%', '%25').replaceAll(',', '%2C')
}
