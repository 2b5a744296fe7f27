// What Sessions leaves to others: who a sender is, what its report means, what it should hold (castle/host.ts).
import type { BrokerReport, BrokerVitals, Call, Heartbeat, Result } from '@castellan/protocol/heartbeat'
import type { Incarnations } from '../leases/incarnations.ts'
import type { SubjectText } from '../state/subjects.ts'
import type { Holds, Session } from './session.ts'

export interface SessionsHost {
  readonly castleEpoch: number
  /** A broker's incarnations as stored, which a Castle that just started has not heard. */
  brokerIncarnations(id: string): Incarnations | undefined
  /** Why a process may not come in as this broker, whatever its incarnation; undefined: it may. */
  refuseBroker(id: string, report: BrokerReport): string | undefined
  /**
   * The sender knows a higher Castle epoch, or another Castle's: resolves when this Castle has a higher one still, or to 'need-report' when the
   * sender must say first who it is. Throws or rejects when it is not believed.
   */
  takeHigherEpoch(heartbeat: Heartbeat): Promise<'taken' | 'need-report'>
  /**
   * A new report was taken in, or means something else now; `heldBefore`: what the one before said it holds. Sets the session's cluster and
   * missing topics; returns its audiences.
   */
  onReport(session: Session, heldBefore: Holds): readonly string[]
  /** Each heartbeat of a broker. Undefined: it is registered. Else it is being registered, or refused with a reason to stop; `early`: not yet. */
  onBroker(session: Session): Promise<string | undefined> | 'early' | undefined
  /** What the session's sender should hold. */
  scope(session: Session): Iterable<SubjectText>
  /** Keys of subjects that its sender knows newer than the store. */
  wanted(session: Session): readonly string[]
  /** A broker says how it does, registered or not. */
  onVitals(vitals: BrokerVitals): void
  /** Never rejects. */
  onCall(session: Session, call: Call): Promise<Result>
  /** Its link is gone, or it is forgotten. */
  onLinkClosed(session: Session): void
  onNobody(audience: string): void
}
