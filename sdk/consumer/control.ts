// What a service tells a running consumer to do with its partitions: pause, resume, seek.
import { CastellanError } from '../errors.ts'
import type { Assignment } from './assignment.ts'
import { checkNames } from './checks.ts'
import type { AssignedPartition } from './partition.ts'
import { Pauses } from './pauses.ts'
import type { Positions } from './positions.ts'
import type { PartitionName, SeekTo } from './types.ts'

export class Control {
  readonly #assignment: Assignment
  readonly #positions: Positions
  /** There may be something to fetch. */
  readonly #onRoom: () => void
  readonly #pauses = new Pauses()

  constructor(assignment: Assignment, positions: Positions, onRoom: () => void) {
    this.#assignment = assignment
    this.#positions = positions
    this.#onRoom = onRoom
  }

  /** A partition came: what was said before holds for it, too. */
  made(partition: AssignedPartition): void {
    partition.isPaused = this.#pauses.isPaused(partition)
  }

  /** Undefined: all there are and will be. */
  pause(partitions: readonly PartitionName[] | undefined): void {
    for (const one of this.#setPaused(partitions, true)) one.isPaused = true
  }

  resume(partitions: readonly PartitionName[] | undefined): void {
    for (const one of this.#setPaused(partitions, false)) {
      one.isPaused = false
      one.nudges++
      one.wake()
    }
    this.#onRoom()
  }

  /** Nothing is handed out while the offset is looked for. */
  async seek(name: PartitionName, to: SeekTo): Promise<number> {
    checkSeek(to)
    const found = this.#assignment.get(name)
    found.seeking++
    try {
      const offset = await this.#positions.find(found, to)
      // It may have gone meanwhile, and come back as another.
      if (this.#assignment.get(name) !== found) {
        throw new CastellanError('NOT_ASSIGNED', `${name.topic}/${name.partition} went away during the seek`)
      }
      found.moveTo({ offset, leaderEpoch: -1 })
      return offset
    } finally {
      found.seeking--
      found.wake()
      this.#onRoom()
    }
  }

  #setPaused(partitions: readonly PartitionName[] | undefined, isPaused: boolean): readonly AssignedPartition[] {
    if (partitions !== undefined) checkNames(isPaused ? 'pause' : 'resume', partitions)
    const chosen = partitions?.map((one) => this.#assignment.get(one)) ?? this.#assignment.held
    this.#pauses.set(partitions === undefined ? null : chosen, isPaused)
    return chosen
  }
}

function checkSeek(to: SeekTo): void {
  const isRight =
    to === 'earliest' ||
    to === 'latest' ||
    (to instanceof Date && to.getTime() >= 0) ||
    (Number.isSafeInteger(to) && (to as number) >= 0)
  if (isRight) return
  const text = "an offset from 0, 'earliest', 'latest', or a Date since 1970"
  throw new CastellanError('OPTION_WRONG', `seek: its goal must be ${text}, not ${String(to)}`)
}
