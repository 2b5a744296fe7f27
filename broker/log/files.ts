// What stands in a partition's folder beside its segments, and in which format.
//
//   logs/<topic id>/<partition>/
//     partition                      whose log this is, for people (the folder's name is what counts, R13)
//     checkpoint                     what was synced, so that recovery reads only what came after
//     epochs                         the leader-epoch history
//     <base offset>.log .index       segments
//     <offset>.producers             producer state as of an offset
//     cut/                           what is being cut off a damaged log (salvage.ts)
//     fault                          why the log is out of use (R9); a person removes it after the repair
import type { EpochsContent } from './epochs.ts'
import type { SegmentContent } from './segment.ts'
import type { IndexContent } from './sparse-index.ts'
import type { FileKind } from './state-file.ts'

export const kinds = {
  partition: { kind: 'partition', version: 1 },
  checkpoint: { kind: 'checkpoint', version: 1 },
  epochs: { kind: 'epochs', version: 1 },
  index: { kind: 'index', version: 1 },
  producers: { kind: 'producers', version: 1 },
  fault: { kind: 'fault', version: 1 },
  /** Beside a partition's folder: see LogFolders.beginAnew. */
  anew: { kind: 'anew', version: 1 },
  /** Of the folder of all logs. */
  logs: { kind: 'logs', version: 1 },
  highWatermarks: { kind: 'high-watermarks', version: 1 },
  /** Under which name and in which run of the machine the logs were last open (R8). */
  run: { kind: 'run', version: 1 },
  /** Written as the last act of a clean shutdown, removed by the next start (R8). */
  cleanShutdown: { kind: 'clean-shutdown', version: 1 },
} as const satisfies Record<string, FileKind>

export interface PartitionContent {
  readonly topicId: string
  readonly topic: string
  readonly partition: number
}

/** Everything below `endOffset` is sound and synced. */
export interface CheckpointContent {
  readonly startOffset: number
  readonly endOffset: number
  /** All segments, the last one as far as it was synced. */
  readonly segments: readonly SegmentContent[]
  /** Of the last segment. */
  readonly index: IndexContent
  readonly epochs: EpochsContent
}

export interface RunContent {
  /** Names the logs as they are: see LogFolders.begin. */
  readonly logsId: string
  readonly bootId: string
  /** Rises with each start after a clean shutdown. */
  readonly run: number
}

export interface CleanShutdownContent {
  /** ms since 1970. */
  readonly stoppedMs: number
  /** The run that ended so; absent: of the first release. A power loss can bring an older marker back. */
  readonly run?: number
}

export interface FaultContent {
  readonly reason: string
  /** ms since 1970. */
  readonly foundMs: number
}
