// What clients saw, as the checkers read it: the same for simulated runs and for real processes.
//
// A message is named by (key, n): a producer sends n = 0, 1, 2, ... for each of its keys. Times are the
// run's own milliseconds. A checker takes a history and says whether one promise held, and which
// operations show that it did not.

export interface Message {
  readonly key: string
  readonly n: number
}

export interface Acknowledged extends Message {
  readonly partition: number
  readonly offset: number
  readonly atMs: number
}

export interface Handled extends Message {
  readonly member: string
  readonly partition: number
  readonly offset: number
  /** The assignment epoch that the message carried. */
  readonly epoch: number
  readonly startMs: number
  /** When it stopped working on it: it was through, was told to stop, or its process died. Null: it still runs. */
  endMs: number | null
  /** It was through with it, without an error. */
  done: boolean
}

export interface Commit {
  readonly partition: number
  readonly offset: number
  readonly atMs: number
}

/** A record as it stands in the log at the end of the run. */
export interface Stored extends Message {
  readonly offset: number
}

/**
 * A power loss of the disk that holds a partition's only replica. It may take what was not synced (R1
 * promises the disk *and* its page cache), so the records from `fromOffset` on that were there before are excused.
 */
export interface ExcusedLoss {
  readonly partition: number
  readonly fromOffset: number
  readonly atMs: number
}

export interface History {
  readonly acknowledged: readonly Acknowledged[]
  readonly handled: readonly Handled[]
  /** In the order in which the coordinator took them. */
  readonly commits: readonly Commit[]
  /** Messages given to `send`, in order, whatever became of them. */
  readonly sent: readonly Message[]
  /** Those of them whose `send` ended with an error: they may stand in the log or not. */
  readonly failed: readonly Message[]
  /** By partition, in the log's order. */
  readonly stored: ReadonlyMap<number, readonly Stored[]>
  readonly losses: readonly ExcusedLoss[]
  /** Spans in which a coordinator had lost what it knew (power loss of its disk): groups may be behind. */
  readonly coordinatorLosses: readonly { readonly atMs: number; readonly untilMs: number }[]
}

export interface Verdict {
  readonly promise: string
  /** Unknown: the history has nothing that this promise speaks of, so a green run would prove nothing. */
  readonly outcome: 'valid' | 'invalid' | 'unknown'
  readonly violations: readonly string[]
}

export function verdict(promise: string, judged: number, violations: string[]): Verdict {
  if (violations.length > 0) return { promise, outcome: 'invalid', violations: violations.slice(0, 20) }
  return { promise, outcome: judged > 0 ? 'valid' : 'unknown', violations: [] }
}

export function describe(message: Message): string {
  return `${message.key}#${message.n}`
}
