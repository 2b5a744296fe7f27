// Writes down what the services of a run saw, by the process that saw it: what a process that died was doing counts for nothing.
import { type AckLevel, type Commit, type Handled, Recorder, type Sent } from '../checkers/index.ts'

export class RunRecorder extends Recorder {
  /** Sends under way, by the process that made them. */
  readonly #pending = new Map<string, Set<Sent>>()
  readonly #committed = new Map<string, number>()
  readonly #running = new Map<string, Set<Handled>>()

  // ------------------------------------------------------------ producers

  send(process: string, message: Sent & { readonly sentMs: number }): void {
    this.sent.push(message)
    of(this.#pending, process).add(message)
  }

  acknowledge(
    process: string,
    message: Sent,
    at: { partition: number; offset: number; leaderEpoch?: number | undefined },
    level: AckLevel,
    atMs: number,
  ) {
    if (!of(this.#pending, process).delete(message)) return
    const partition = `${message.topic}/${at.partition}`
    const { offset, leaderEpoch } = at
    this.acknowledged.push({
      ...message,
      partition,
      offset,
      level,
      ...(leaderEpoch !== undefined && { leaderEpoch }),
      atMs,
    })
  }

  fail(process: string, message: Sent, why: string): void {
    if (of(this.#pending, process).delete(message)) this.failed.push({ ...message, why })
  }

  get pending(): number {
    let count = 0
    for (const sends of this.#pending.values()) count += sends.size
    return count
  }

  // ------------------------------------------------------------ consumers

  begin(handled: Omit<Handled, 'endMs' | 'done'>): Handled {
    const entry: Handled = { ...handled, endMs: null, done: false }
    this.handled.push(entry)
    of(this.#running, handled.member).add(entry)
    return entry
  }

  end(entry: Handled, atMs: number, done: boolean): void {
    // Its process may have died meanwhile: what that still did counts for nothing.
    if (!of(this.#running, entry.member).delete(entry)) return
    entry.endMs = atMs
    entry.done = done
  }

  commit(commit: Commit): void {
    this.commits.push(commit)
    this.#committed.set(`${commit.group} ${commit.partition}`, commit.offset)
  }

  /**
   * Whether a group is through with a log that ends at `end`, its last record of `lastEpoch`. That the offset is committed says it only
   * where nothing was lost: a log that lost records and grew again ends below what was committed before, and nobody has read its new ones.
   */
  isThrough(group: string, partition: string, { end, lastEpoch }: { end: number; lastEpoch: number }): boolean {
    if (end === 0) return true
    if ((this.#committed.get(`${group} ${partition}`) ?? 0) < end) return false
    return this.handled.some(
      (one) =>
        one.done &&
        one.group === group &&
        one.partition === partition &&
        one.offset === end - 1 &&
        one.leaderEpoch === lastEpoch,
    )
  }

  // ------------------------------------------------------------ ends

  /** The process is gone, and with it what it was working on and what it waited for. */
  died(process: string, atMs: number): void {
    for (const entry of this.#running.get(process) ?? []) entry.endMs = atMs
    this.#running.delete(process)
    for (const message of this.#pending.get(process) ?? []) this.failed.push({ ...message, why: 'its process died' })
    this.#pending.delete(process)
  }

  /** Castle's store went back to what it was then: what it decided since is not its word any more. */
  castleWentBack(toMs: number): void {
    const kept = this.leaderships.filter(({ process, atMs }) => process !== null || atMs <= toMs)
    this.leaderships.splice(0, this.leaderships.length, ...kept)
  }
}

function of<T>(sets: Map<string, Set<T>>, name: string): Set<T> {
  const found = sets.get(name) ?? new Set<T>()
  sets.set(name, found)
  return found
}
