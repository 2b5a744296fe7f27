// A partition out of use (R9).
import { messageOf } from '../errors.ts'
import { LogError } from '../log/errors.ts'
import { type FaultContent, kinds } from '../log/files.ts'
import { writeStateFile } from '../log/state-file.ts'
import type { PartitionState } from './state.ts'

/** It neither leads nor follows any more, and lets go of its log. Damage is noted on disk. Returns the reason, for people. */
export function putOutOfUse(state: PartitionState, error: unknown): string {
  const { context, topic, topicId, index } = state
  const isDamage = error instanceof LogError && error.code === 'LOG_CORRUPT'
  const reason = messageOf(error)
  state.fault = reason
  state.isDamaged ||= isDamage
  state.leader = null
  state.followed = null
  context.log.error({ topic, topicId, partition: index, error }, 'partition out of use')
  if (isDamage) noteFault(state, reason)
  state.log?.abandon()
  return reason
}

function noteFault({ context, folder }: PartitionState, reason: string): void {
  const { disk, clock, log } = context
  const content: FaultContent = { reason, foundMs: clock.wallMs() }
  try {
    writeStateFile(disk, `${folder}/fault`, kinds.fault, content)
  } catch (error) {
    log.warn({ folder, error }, 'cannot note the fault on disk; it will be found again')
  }
}
