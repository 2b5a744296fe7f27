// Where a follower cuts its log when its leader says that they part (KIP-101, KIP-279, KIP-595; R5). Pure.
//
//   leader    |-- epoch 1 --|---- epoch 3 ----|--- 4 --->
//   follower  |-- epoch 1 --|-- epoch 2 --|                  last epoch 2: the leader has 1 below it, and that ends here ^
//             └─ the same ─┘└── cut ─────┘
//
// The follower tells the epoch of its last record. The leader answers with the largest of its epochs that is not above that one, and
// where that ends. Below both ends of that epoch the logs are the same: one leader wrote it, and each copy of it is a beginning of
// what that leader wrote. When the follower has nothing of that epoch it cuts what it has of higher ones, and asks again.

export interface EpochEnd {
  readonly epoch: number
  readonly endOffset: number
}

/** What the decision needs of a follower's log. */
export interface EpochsOf {
  readonly endOffset: number
  /** Where the largest epoch that is not above `epoch` ends; epoch -1: all known ones are below it. */
  endOfEpoch(epoch: number): EpochEnd
}

/** The offset from which on the follower's records go; at the log's end or above: the leader's word makes no sense. */
export function truncationPoint(log: EpochsOf, diverging: EpochEnd): number {
  const own = log.endOfEpoch(diverging.epoch)
  const ownEnd = own.epoch < 0 ? log.endOffset : own.endOffset
  return Math.max(0, Math.min(ownEnd, diverging.endOffset, log.endOffset))
}
