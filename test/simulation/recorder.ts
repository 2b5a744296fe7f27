// Writes down what the clients of a run saw: the history that the checkers judge.
import type { Acknowledged, Commit, ExcusedLoss, Handled, History, Message, Stored } from '../checkers/index.ts'

export class Recorder {
  readonly sent: Message[] = []
  readonly acknowledged: Acknowledged[] = []
  readonly failed: (Message & { error: unknown })[] = []
  readonly handled: Handled[] = []
  readonly commits: Commit[] = []
  readonly losses: ExcusedLoss[] = []
  readonly coordinatorLosses: { atMs: number; untilMs: number }[] = []
  stored: ReadonlyMap<number, readonly Stored[]> = new Map()
  readonly #handledKeys = new Set<string>()
  readonly #running = new Map<string, Set<Handled>>()

  begin(handled: Omit<Handled, 'endMs' | 'done'>): Handled {
    const entry: Handled = { ...handled, endMs: null, done: false }
    this.handled.push(entry)
    const running = this.#running.get(handled.member) ?? new Set()
    running.add(entry)
    this.#running.set(handled.member, running)
    return entry
  }

  end(entry: Handled, atMs: number, done: boolean): void {
    entry.endMs = atMs
    entry.done = done
    if (done) this.#handledKeys.add(`${entry.key}#${entry.n}`)
    this.#running.get(entry.member)?.delete(entry)
  }

  /** The member's process is gone, and with it what it was working on. */
  died(member: string, atMs: number): void {
    for (const entry of this.#running.get(member) ?? []) entry.endMs = atMs
    this.#running.delete(member)
  }

  /** How many different messages were handled to their end. */
  get distinctHandled(): number {
    return this.#handledKeys.size
  }

  history(): History {
    return this
  }
}
