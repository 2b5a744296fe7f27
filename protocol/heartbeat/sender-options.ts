// What a HeartbeatSender is told by its owner, a broker or the SDK.
import type { Logger } from '../runtime/index.ts'
import type { DirectiveHandlers } from './directives.ts'
import type { Answer } from './messages.ts'
import type { BrokerReport, ClientReport } from './reports.ts'
import type { Subject } from './subjects.ts'
import type { OwnVitals } from './vitals.ts'

/** A report without `holds`, which the sender adds itself. */
export type OwnReport = Omit<BrokerReport, 'holds'> | Omit<ClientReport, 'holds'>

export interface HeartbeatSenderOptions {
  /** Where Castles are: http, https, ws or wss URLs, tried in turn. */
  readonly urls: readonly string[]
  readonly kind: 'broker' | 'client'
  /** A broker's id as text; for a client any name that it keeps for its life. */
  readonly id: string
  /** New with each process start. */
  readonly incarnation: string
  /** The highest Castle epoch known from earlier (R14): answers below it are ignored. */
  readonly castleEpoch?: number
  /** Subjects and versions known from earlier (R14): older ones are ignored. */
  readonly versions?: ReadonlyMap<string, number>
  /** The actual state, read when a heartbeat has to carry it. */
  readonly report: () => OwnReport
  /** How a broker does, for people: told beside heartbeats, every other second. Absent: it is not told. */
  readonly vitals?: () => OwnVitals
  /** While it says so no heartbeat leaves, as if each were lost: the lease runs out, as it does for a process that hangs. */
  readonly isMute?: () => boolean
  /** Called with each newer subject, checked, of a kind that this version knows; use `readSubject` to have it typed. */
  readonly onSubject: (subject: Subject) => void
  /** Each answer that counts, after its subjects. */
  readonly onAnswer?: (answer: Answer) => void
  /** By kind; `report` and `reconnect` are built in. A throw is the outcome `failed`. */
  readonly directives?: DirectiveHandlers
  /** Castle said that a newer incarnation has this id. Nothing is sent any more. */
  readonly onStop: (reason: string) => void
  readonly onState?: (state: SenderState) => void
  readonly log: Logger
}

export type SenderState = 'connected' | 'disconnected'

/** http://host:port -> ws://host:port/link */
export function linkUrl(url: string): string {
  const parsed = new URL(url)
  if (!/^(http|ws)s?:$/.test(parsed.protocol)) {
    throw new Error(`'${url}' is no URL of a Castle: it begins with http://, https://, ws:// or wss://`)
  }
  parsed.protocol = parsed.protocol.replace('http', 'ws')
  if (parsed.pathname === '/') parsed.pathname = '/link'
  return parsed.href
}
