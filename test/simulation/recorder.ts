// Writes down what the clients of a run saw, and what brokers and Castle said of themselves: the history that the checkers judge.
import type {
  AckLevel,
  Acknowledged,
  Commit,
  EndState,
  Handled,
  History,
  Leadership,
  Loss,
  Message,
  Read,
  ReplicaLog,
  ReplicaState,
  SeenEnd,
  Sent,
  Stored,
  Trouble,
} from '../checkers/index.ts'

export class Recorder {
  readonly sent: Sent[] = []
  readonly acknowledged: Acknowledged[] = []
  readonly failed: (Message & { readonly why: string })[] = []
  readonly handled: Handled[] = []
  readonly commits: Commit[] = []
  readonly reads: Read[] = []
  readonly seenEnds: SeenEnd[] = []
  leaderships: Leadership[] = []
  readonly replicaStates: ReplicaState[] = []
  readonly losses: Loss[] = []
  readonly troubles: Trouble[] = []
  readonly coordinatorLosses: { group: string; atMs: number; untilMs: number }[] = []
  stored: ReadonlyMap<string, readonly Stored[]> = new Map()
  replicaLogs: readonly ReplicaLog[] = []
  ends: readonly EndState[] = []
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
    at: { partition: number; offset: number },
    level: AckLevel,
    atMs: number,
  ) {
    if (!of(this.#pending, process).delete(message)) return
    const partition = `${message.topic}/${at.partition}`
    this.acknowledged.push({ ...message, partition, offset: at.offset, level, atMs })
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

  /** The newest that was seen. */
  committed(group: string, partition: string): number {
    return this.#committed.get(`${group} ${partition}`) ?? 0
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
    this.leaderships = this.leaderships.filter(({ process, atMs }) => process !== null || atMs <= toMs)
  }

  history(): History {
    return this
  }
}

function of<T>(sets: Map<string, Set<T>>, name: string): Set<T> {
  const found = sets.get(name) ?? new Set<T>()
  sets.set(name, found)
  return found
}
