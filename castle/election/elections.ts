// Who leads and who is in sync, as brokers and people ask for it: each call is one change of the state, answered when it is on disk.
import type { AlteredIsr, AlterIsrArgs } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import type { Changes } from '../state/changes.ts'
import { alterIsr } from './alter-isr.ts'

export interface ElectionsOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
}

export class Elections {
  readonly #options: ElectionsOptions

  constructor(options: ElectionsOptions) {
    this.#options = options
  }

  /** A leader proposes who is in sync. Rejects with a CastleError when nothing could be written. */
  alterIsr(brokerId: number, args: AlterIsrArgs): Promise<AlteredIsr> {
    const { changes, reports } = this.#options
    return changes.change((draft) => alterIsr(draft, reports, brokerId, args))
  }
}
