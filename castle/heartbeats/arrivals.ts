// Whether a process that has no session yet may come in, by what its first heartbeat says. Pure.
import { type Heartbeat, HeartbeatMessageError } from '@castellan/protocol/heartbeat'
import { type Incarnations, meet } from '../leases/incarnations.ts'
import type { Session } from './session.ts'

/** What it is answered instead of being let in. */
export type Instead = { readonly stop: string } | { readonly needReport: true }

export const brokerIdPattern = /^\d{1,10}$/

/**
 * `known`: who has its id already, as a session and as stored. A process that a newer one has replaced is to stop; any other says who it is by a
 * whole report. Throws a HeartbeatMessageError when it says what cannot be.
 */
export function insteadOfArrival(
  { kind, id, incarnation, report }: Heartbeat,
  known: readonly (Incarnations | undefined)[],
): Instead | undefined {
  if (kind === 'broker' && !brokerIdPattern.test(id)) {
    throw new HeartbeatMessageError('INVALID_MESSAGE', '/id', `'${id}' is no broker id`)
  }
  if (known.some((each) => meet(each, incarnation) === 'older')) return { stop: `a newer process has the id '${id}'` }
  return report === undefined || (report.kind === 'broker' && report.logsBase !== undefined)
    ? { needReport: true }
    : undefined
}

/** Throws a HeartbeatMessageError. */
export function checkKind(kind: Session['kind'], report: Session['report']): void {
  if (report.kind === kind) return
  throw new HeartbeatMessageError('INVALID_MESSAGE', '/report/kind', `a ${kind} sent the report of a ${report.kind}`)
}

/** It says what changed since a report that this session does not have: another came between, or none yet. */
export function lacksBase({ reportNumber }: Session, report: Session['report']): boolean {
  return report.kind === 'broker' && report.logsBase !== undefined && report.logsBase !== reportNumber
}
