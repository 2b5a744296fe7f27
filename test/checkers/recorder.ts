// Where a run writes down what its clients saw and what brokers and Castle said of themselves: the history that the checkers judge. Each
// kind of run adds how it comes by that (test/simulation, test/chaos).
import type {
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
  Stall,
  Stored,
  Trouble,
} from './history.ts'

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
  readonly stored = new Map<string, readonly Stored[]>()
  readonly replicaLogs: ReplicaLog[] = []
  readonly ends: EndState[] = []
  readonly losses: Loss[] = []
  readonly troubles: Trouble[] = []
  readonly stalls: Stall[] = []
  readonly coordinatorLosses: { group: string; atMs: number; untilMs: number }[] = []
}
