// What clients saw, and what brokers and Castle said of themselves, as the checkers read it: the same for simulated runs and for real
// processes.
//
// A message is named by (key, n): a producer sends n = 0, 1, 2, ... for each of its keys, and no other process uses them. A partition is
// named 'topic/3'. Times are the run's own milliseconds. A checker takes a history and says whether one promise held, and which
// operations show that it did not. Whoever cannot observe something leaves its list empty: the promise that needs it is 'unknown' then.

export type AckLevel = -1 | 1 | 0

export interface Message {
  readonly key: string
  readonly n: number
}

export interface Sent extends Message {
  readonly topic: string
}

export interface Acknowledged extends Message {
  readonly topic: string
  readonly partition: string
  /** -1: at Ack 0, or nobody remembers it. */
  readonly offset: number
  /** The topic's level when it was acknowledged. */
  readonly level: AckLevel
  /** Under which it was written. Absent: nobody looked. */
  readonly leaderEpoch?: number
  /** When it was given to `send`: the leader answered some time between the two. Absent: at once. */
  readonly sentMs?: number
  readonly atMs: number
}

export interface Handled extends Message {
  readonly group: string
  readonly member: string
  readonly partition: string
  readonly offset: number
  /** Under which it was written. Absent: who handled it does not know. */
  readonly leaderEpoch?: number
  /** The assignment epoch that the message carried. */
  readonly epoch: number
  readonly startMs: number
  /** When it stopped working on it: it was through, was told to stop, or its process died. Null: it still runs. */
  endMs: number | null
  /** It was through with it, without an error. */
  done: boolean
}

export interface Commit {
  readonly group: string
  readonly partition: string
  readonly offset: number
  readonly atMs: number
}

/** A record as it stands in the log at the end of the run. */
export interface Stored extends Message {
  readonly offset: number
}

/** A record that a reader without a group was given. */
export interface Read extends Message {
  readonly reader: string
  readonly partition: string
  readonly offset: number
  /** Under which it was written. Absent: the reader does not know. */
  readonly leaderEpoch?: number
  readonly atMs: number
}

/** The offset that a reader was told as the latest (ListOffsets -1). */
export interface SeenEnd {
  readonly reader: string
  readonly partition: string
  readonly offset: number
  /** When it asked: the leader answered some time between the two. Absent: at once. */
  readonly askedMs?: number
  readonly atMs: number
}

/** Somebody leads, as it says itself. */
export interface Leadership {
  readonly partition: string
  readonly leaderEpoch: number
  readonly broker: number
  /** Of the broker: new with each process (R5: a new one leads nothing at its old epoch). Of Castle's word: null. */
  readonly process: string | null
  readonly atMs: number
}

/** Where a replica stands, now and then. */
export interface ReplicaState {
  readonly partition: string
  readonly broker: number
  readonly process: string
  readonly leaderEpoch: number
  readonly isLeader: boolean
  readonly highWatermark: number
  readonly endOffset: number
  readonly atMs: number
}

/** A replica's log at the end of the run. */
export interface ReplicaLog {
  readonly partition: string
  readonly broker: number
  readonly startOffset: number
  readonly endOffset: number
  readonly highWatermark: number
  readonly inSync: boolean
  readonly batches: readonly ReplicaBatch[]
}

export interface ReplicaBatch {
  readonly offset: number
  readonly leaderEpoch: number
  /** Of all its bytes. */
  readonly digest: string
}

/** Who leads and follows a partition when the run is over. */
export interface EndState {
  readonly partition: string
  readonly leader: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

/**
 * Acknowledged messages that are gone, and known to be: an unclean election that was counted (R7, R8), or a power loss of the disk that
 * held a partition's only replica. The log of one replica goes on then, under a new leader epoch. What was written under a lower one and
 * is not in that log is excused, however late somebody tells of it; nothing else is.
 */
export interface Loss {
  readonly partition: string
  readonly atMs: number
  /** The new one. */
  readonly leaderEpoch: number
  /** Of the log that goes on, as it was then. */
  readonly endOffset: number
  /** What stood in it, by offset: another log may have had another message there. Null: nobody looked, and all below its end counts. */
  readonly kept: ReadonlyMap<number, Message> | null
  /** Messages that were counted as lost, at most. Null: nobody could know. */
  readonly messagesMax: number | null
  /** What permits it. Null: nothing, and that is a violation of its own. */
  readonly why: string | null
}

/**
 * Something went wrong with these machines. What begins and then stays so is a moment (a death, a cut, a stall: a second later its leader
 * answers nothing more at Ack 1); what comes and goes is a span (slow ways, slow disks). What R2 permits, it permits around these.
 */
export interface Trouble {
  readonly machines: readonly string[]
  readonly fromMs: number
  readonly untilMs: number
}

/** A member's process stood still (SIGSTOP): it works on nothing, and cannot give up what it holds. */
export interface Stall {
  readonly member: string
  readonly fromMs: number
  readonly untilMs: number
}

export interface History {
  /** Messages given to `send`, in order, whatever became of them. */
  readonly sent: readonly Sent[]
  readonly acknowledged: readonly Acknowledged[]
  /** Those whose `send` ended with an error, or never ended, as its process died: they may stand in the log or not. */
  readonly failed: readonly Message[]
  readonly handled: readonly Handled[]
  /** In the order in which the coordinator took them. */
  readonly commits: readonly Commit[]
  readonly reads: readonly Read[]
  /** In the order in which each reader asked. */
  readonly seenEnds: readonly SeenEnd[]
  readonly leaderships: readonly Leadership[]
  readonly replicaStates: readonly ReplicaState[]
  /** By partition, in the log's order. */
  readonly stored: ReadonlyMap<string, readonly Stored[]>
  readonly replicaLogs: readonly ReplicaLog[]
  readonly ends: readonly EndState[]
  readonly losses: readonly Loss[]
  readonly troubles: readonly Trouble[]
  readonly stalls: readonly Stall[]
  /** Spans in which a group's coordinator had lost what it knew, and may: its log was lost (`losses` of its partition). */
  readonly coordinatorLosses: readonly { readonly group: string; readonly atMs: number; readonly untilMs: number }[]
}

export const emptyHistory: History = {
  sent: [],
  acknowledged: [],
  failed: [],
  handled: [],
  commits: [],
  reads: [],
  seenEnds: [],
  leaderships: [],
  replicaStates: [],
  stored: new Map(),
  replicaLogs: [],
  ends: [],
  losses: [],
  troubles: [],
  stalls: [],
  coordinatorLosses: [],
}

export interface Verdict {
  readonly promise: string
  /** Unknown: the history has nothing that this promise speaks of, so a green run would prove nothing. */
  readonly outcome: 'valid' | 'invalid' | 'unknown'
  readonly violations: readonly string[]
}

const shownMax = 20

export function verdict(promise: string, judged: number, violations: readonly string[]): Verdict {
  if (violations.length > 0) return { promise, outcome: 'invalid', violations: violations.slice(0, shownMax) }
  return { promise, outcome: judged > 0 ? 'valid' : 'unknown', violations: [] }
}

export function describe(message: Message): string {
  return `${message.key}#${message.n}`
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
