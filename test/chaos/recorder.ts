// Writes down what clients saw and what was observed of a run on real processes: the history that the checkers judge.
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

export class Recorder implements History {
  readonly sent: Sent[] = []
  readonly acknowledged: Acknowledged[] = []
  readonly failed: (Message & { readonly why: string })[] = []
  readonly handled: Handled[] = []
  readonly commits: Commit[] = []
  readonly reads: Read[] = []
  readonly seenEnds: SeenEnd[] = []
  readonly leaderships: Leadership[] = []
  readonly replicaStates: ReplicaState[] = []
  readonly stored = new Map<string, Stored[]>()
  readonly replicaLogs: ReplicaLog[] = []
  readonly ends: EndState[] = []
  readonly losses: Loss[] = []
  readonly troubles: Trouble[] = []
  readonly coordinatorLosses: { group: string; atMs: number; untilMs: number }[] = []
  readonly #startMs: number
  readonly #handledKeys = new Set<string>()

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  /** Of the run, from milliseconds since 1970. */
  sinceStart(atMs: number): number {
    return atMs - this.#startMs
  }

  get nowMs(): number {
    return this.sinceStart(performance.timeOrigin + performance.now())
  }

  /** How many different messages were handled to their end. */
  get distinctHandled(): number {
    return this.#handledKeys.size
  }

  acknowledge(topic: string, level: AckLevel, key: string, partition: number, n: number, offset: number, atMs: number) {
    const entry = { topic, level, key, n, partition: `${topic}/${partition}`, offset, atMs: this.sinceStart(atMs) }
    this.acknowledged.push(entry)
  }

  /** A line of consumer.ts. */
  handle(group: string, member: string, line: string): void {
    const [kind, key = '', n, topic, partition, offset, epoch, startMs, endMs, done] = line.split(' ')
    if (kind !== 'h') throw new Error(`${member} printed '${line}'`)
    this.handled.push({
      group,
      member,
      key,
      n: Number(n),
      partition: `${topic}/${partition}`,
      offset: Number(offset),
      epoch: Number(epoch),
      startMs: this.sinceStart(Number(startMs)),
      endMs: this.sinceStart(Number(endMs)),
      done: done === '1',
    })
    if (done === '1') this.#handledKeys.add(`${key}#${n}`)
  }
}

/** What a message's value says (see clients/load): its key and its number. */
export function messageOf(text: string | null): Message {
  const [key = '', n] = (text ?? '').trim().split(' ')
  return { key, n: Number(n) }
}
