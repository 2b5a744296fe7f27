// What speaks for and against each replica, as Castle knows it at one moment.
import type { BrokerReports } from '../brokers/reports.ts'
import type { Broker } from '../state/entities.ts'
import type { View } from '../state/state.ts'

/**
 * `fit`: it may lead and be in sync. `stopping`, and `full` (its disk has no room): only where no other can. `faulty`: its log is out of use (R9). `down`: nobody hears of it,
 * but its log is what it was.
 */
export type Standing = 'fit' | 'full' | 'stopping' | 'faulty' | 'down'

/** Of a partition, as a leader may name it. */
export interface Member {
  readonly standing: Standing
  /** Of its process; undefined: Castle knows no such broker. */
  readonly brokerEpoch: number | undefined
}

/** It can lead, though others had better. */
export function isLeaving(standing: Standing): boolean {
  return standing === 'stopping' || standing === 'full'
}

export class Standings {
  readonly #view: View
  readonly #reports: BrokerReports
  /** Asked for each replica of each partition: looked up once. */
  readonly #brokers = new Map<number, Broker>()

  constructor(view: View, reports: BrokerReports) {
    this.#view = view
    this.#reports = reports
  }

  broker(id: number): Broker | undefined {
    const known = this.#brokers.get(id)
    if (known !== undefined) return known
    const broker = this.#view.get('broker', String(id))
    if (broker !== undefined) this.#brokers.set(id, broker)
    return broker
  }

  of(brokerId: number, topicId: string, partition: number): Standing {
    return this.with(brokerId, this.#reports.fault(brokerId, topicId, partition))
  }

  member(brokerId: number, topicId: string, partition: number): Member {
    return { standing: this.of(brokerId, topicId, partition), brokerEpoch: this.broker(brokerId)?.brokerEpoch }
  }

  /** The same, of a log whose fault is known. */
  with(brokerId: number, fault: string | null): Standing {
    if (fault !== null) return 'faulty'
    const broker = this.broker(brokerId)
    if (broker?.up !== true) return 'down'
    if (broker.stopping === true) return 'stopping'
    return broker.full === true ? 'full' : 'fit'
  }
}
