// The checkers bite: the platform with one rule broken, each by a change of its text, and the seed that shows it. The product has no
// switches for this: the change is made as a file is loaded (loader.ts). A text that is not found any more fails the test: move the
// change to where the rule stands now, and look for a seed again: `node test/simulation/planted/search.ts NAME`.
import type { FaultKind } from '../faults.ts'

export interface PlantedBug {
  readonly name: string
  /** Text for text, in files named from the root of the repository. */
  readonly changes: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
  /** A promise that is seen to be broken; others may be, too. */
  readonly breaks: string
  /** Found by this seed. */
  readonly seed: number
  /** The kinds of fault that it is looked for with. */
  readonly kinds: readonly FaultKind[]
}

const commits = 'broker/groups/state/commits.ts'
const leaderState = 'broker/partition/leader-state.ts'

const R1 = 'R1 nothing acknowledged is lost'
const R2 = 'R2 at Ack 1 a second is lost at most'
const R4 = 'R4 order, no duplicates, no gaps'
const deaths: readonly FaultKind[] = ['kill-broker', 'crash-broker', 'isolate', 'split', 'stall-broker', 'cut']

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'the high watermark is advanced without the followers',
    changes: [
      { file: leaderState, find: 'if (endOffset < lowest && countsAsInSync(state, id))', replace: 'if (false)' },
    ],
    breaks: R1,
    kinds: deaths,
    seed: 1,
  },
  {
    name: 'a proposed ISR counts before Castle has answered',
    changes: [
      {
        file: leaderState,
        find: 'return assigned.isr.includes(id) || (proposed?.includes(id) ?? false)',
        replace: 'return (proposed ?? assigned.isr).includes(id)',
      },
    ],
    breaks: R1,
    kinds: ['minority'],
    seed: 1,
  },
  {
    name: 'a follower counts for what it was sent, not for what it wrote',
    changes: [
      {
        file: leaderState,
        find: 'const { brokerEpoch, endOffset, leaderEndOffset, isSynced, nowMs: fetchedMs, presence } = event',
        replace:
          'const { brokerEpoch, leaderEndOffset, isSynced, nowMs: fetchedMs, presence } = event\n  const endOffset = leaderEndOffset',
      },
    ],
    breaks: R1,
    kinds: ['full-disk', 'kill-broker'],
    seed: 3,
  },
  {
    name: 'Ack 1 is answered whatever the followers have',
    changes: [
      {
        file: 'broker/partition/acks.ts',
        find: 'completeUpTo(this.#forFollowers, answerableEnd())',
        replace: 'completeUpTo(this.#forFollowers, leaderOffset)',
      },
    ],
    breaks: R2,
    kinds: ['minority'],
    seed: 1,
  },
  {
    name: 'a follower does not cut its log back',
    changes: [
      {
        file: 'broker/handlers/fetch/slot.ts',
        find: '=== 0 ? divergenceOf(this.#partition, asked) : null',
        replace: '=== 0 ? null : null',
      },
    ],
    breaks: 'R5 replicas have the same log',
    kinds: deaths,
    seed: 1,
  },
  {
    name: 'a new process leads at its old epoch',
    changes: [
      {
        file: 'broker/partition/duty.ts',
        find: "return leadsOn || leaderEpoch > here.leaderEpoch ? { kind: 'lead' } : { kind: 'refuse to lead' }",
        replace: "return { kind: 'lead' }",
      },
      {
        file: 'broker/partition/leadership.ts',
        find: 'log !== undefined && assigned.leaderEpoch > knownEpoch(this.#state), ',
        replace: 'log !== undefined, ',
      },
      {
        file: 'castle/election/election.ts',
        find: '(leader === reborn || leaderEpoch < highestEpoch)',
        replace: '(leaderEpoch < highestEpoch)',
      },
      {
        file: 'castle/election/election.ts',
        find: 'if (leader === -1 || leader === electorate.reborn || leaderEpoch',
        replace: 'if (leader === -1 || leaderEpoch',
      },
    ],
    breaks: 'R5 one leader an epoch',
    kinds: ['kill-broker', 'crash-broker', 'kill-castle'],
    seed: 2,
  },
  {
    name: 'a power loss is taken for a kill',
    changes: [
      {
        file: 'castle/brokers/registration.ts',
        find: 'const unclean = isUnclean(known, logsId, report)',
        replace: 'const unclean = false',
      },
    ],
    breaks: R1,
    kinds: ['power-broker', 'empty-disk', 'kill-broker'],
    seed: 1,
  },
  {
    name: 'what is not synced is acknowledged with flush.messages=1',
    changes: [
      {
        file: 'broker/log/keeper.ts',
        find: 'if (!segment.deleted) await context.syncs.run(() => context.files.during(segment.path, (file) => file.sync()))',
        replace: '',
      },
    ],
    breaks: R1,
    kinds: ['power-all', 'kill-castle', 'stop-broker'],
    seed: 1,
  },
  {
    name: 'a follower forgets what producers have sent',
    changes: [
      {
        file: 'broker/partition/following.ts',
        find: 'changes: learn(log.producers, batches, nowMs)',
        replace: 'changes: []',
      },
    ],
    breaks: R4,
    kinds: ['lost-answers', 'kill-broker', 'crash-broker', 'stop-broker'],
    seed: 3,
  },
  {
    name: 'a replica that lacks messages is elected, and nobody says so',
    changes: [
      {
        file: 'castle/election/unclean.ts',
        find: "if (electable.length > 0 && allowed === 'never') return { kind: 'forbidden', inSync: electable }",
        replace: '',
      },
      {
        file: 'castle/election/unclean.ts',
        find: "const down = allowed === 'never' ? replicas.filter((id) => standing(id) === 'down') : []",
        replace: 'const down: number[] = []',
      },
      { file: 'castle/election/elect-topics.ts', find: 'onLoss(outcome)', replace: '' },
    ],
    breaks: R1,
    kinds: ['kill-broker', 'isolate', 'stall-broker', 'slow-disk'],
    seed: 2,
  },
  {
    name: 'consumers read what is not replicated',
    changes: [
      {
        file: 'broker/partition/reads.ts',
        find: 'return asFollower ? log.endOffset : this.#state.highWatermark',
        replace: 'return log.endOffset',
      },
    ],
    breaks: 'R3 consumers agree',
    kinds: deaths,
    seed: 4,
  },
  {
    name: 'a new leader tells an end that is not yet known',
    changes: [
      {
        file: 'broker/handlers/02-list-offsets.ts',
        find: 'const isAvailable = found.knowsCommitted',
        replace: 'const isAvailable = found.knowsCommitted || true',
      },
    ],
    breaks: 'R3 no reader sees the end go back',
    kinds: ['kill-broker', 'crash-broker', 'stop-broker'],
    seed: 5,
  },
  {
    name: 'the commit of a former owner is taken',
    changes: [
      {
        file: commits,
        find: 'if (!member) return errors.UNKNOWN_MEMBER_ID.code\n  if (apiVersion',
        replace: 'if (!member) return 0\n  if (apiVersion',
      },
      {
        file: commits,
        find: 'return since !== undefined && since <= committer.memberEpoch ? 0 : errors.STALE_MEMBER_EPOCH.code',
        replace: 'return 0',
      },
    ],
    breaks: 'commits never go back',
    kinds: ['stall-consumer', 'kill-consumer', 'cut'],
    seed: 3,
  },
  {
    name: 'a partition is handed over before it is given up',
    changes: [
      {
        file: 'broker/groups/state/reconcile.ts',
        find: 'return isFree(topicId, partition) || holding.revoking.get(topicId)?.has(partition) === true',
        replace: 'return true || isFree(topicId, partition)',
      },
      {
        file: 'broker/groups/state/group.ts',
        find: 'owner === undefined,\n',
        replace: 'true || owner === undefined,\n',
      },
    ],
    breaks: 'S3 one owner at a time',
    kinds: ['kill-consumer', 'stall-consumer'],
    seed: 1,
  },
]
