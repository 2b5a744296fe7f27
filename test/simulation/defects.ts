// Code that fails: whatever the faults of a run, no handler may throw and no invariant break, even where somebody tries again and every
// promise holds. A process says so by a line of its log at level error; the few of them that faults explain stand here.
import { errors } from '@castellan/protocol'
import { fieldsAsText } from '@castellan/testing/simulator'
import { type Verdict, verdict } from '../checkers/index.ts'
import type { Cluster } from './cluster.ts'
import { nameOf } from './topics.ts'

interface Fields {
  readonly [name: string]: unknown
  readonly error?: unknown
  readonly errorCode?: unknown
  readonly topic?: unknown
  readonly partition?: unknown
  /** Offsets that a consumer had read up to, and where the log ends. */
  readonly read?: unknown
  readonly end?: unknown
}

const byFaults: readonly unknown[] = [errors.KAFKA_STORAGE_ERROR.code, errors.NOT_LEADER_OR_FOLLOWER.code]

export class Defects {
  readonly #cluster: Cluster
  readonly #found: string[] = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** A line at level error of this process. */
  note(process: string, message: string, fields: Fields): void {
    if (!this.#isExplained(process, message, fields)) this.#found.push(`${process}: ${message} ${fieldsAsText(fields)}`)
  }

  verdict(): Verdict {
    return verdict('no code fails', 1, this.#found)
  }

  #isExplained(process: string, message: string, fields: Fields): boolean {
    const { error, errorCode, topic, partition, read, end } = fields
    // A full disk is a fault, and every part of a broker has its own word for it.
    if (String(error).includes('ENOSPC')) return true
    switch (message) {
      case 'a write to the group log failed': // its disk is full, or it does not lead any more
        return byFaults.includes(errorCode)
      case 'partition out of use': // a bit was flipped: the checkers see what comes of it
        return true
      case 'the log lost records that were read; going on at its end': {
        const from = { offset: Number(read), atMs: Number.NEGATIVE_INFINITY }
        this.#cluster.wasSentBack(process, nameOf(String(topic), Number(partition)), from, Number(end))
        return true
      }
      default:
        return false
    }
  }
}
