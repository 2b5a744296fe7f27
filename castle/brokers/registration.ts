// A broker comes, or goes: what becomes of its entry, its cluster and what it leads. Each is one decision on a draft.
//
// A new process gets a broker epoch, which fences earlier ones, a block of producer ids of its own (it cannot know what its
// predecessor handed out), and a new leader epoch for each partition that it is to lead (R5).
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import { electFor, inWords } from '../election/elect-topics.ts'
import { CastleError } from '../errors.ts'
import { type Meeting, meet, retire } from '../leases/incarnations.ts'
import { noteUnclean } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Broker } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import type { BrokerReports } from './reports.ts'

export interface Registrant {
  readonly id: number
  readonly incarnation: string
  /** The broker epoch that its process says it was given; 0: none. */
  readonly brokerEpochHeld: number
  readonly report: BrokerReport
}

/** What clusters of our own brokers can do; asked by SDK, Castle and console instead of the kind. */
const castellanFlags = { ackLevels: true, castleAssignor: true, createTopics: true }

/** Names of clusters are parts of keys and of URLs. */
const clusterName = /^[a-zA-Z0-9._-]{1,249}$/

/** Why a broker may not come in, whatever its incarnation: asked before anybody is superseded by it. */
export function refusal(view: View, id: number, { cluster }: BrokerReport): CastleError | undefined {
  if (!clusterName.test(cluster))
    return new CastleError('CLUSTER_NAME_WRONG', `'${cluster}' cannot be the name of a cluster`)
  const known = view.get('broker', String(id))
  if (known === undefined || known.cluster === cluster) return undefined
  return new CastleError('BROKER_ID_TAKEN', `broker id ${id} belongs to cluster '${known.cluster}', not '${cluster}'`)
}

/**
 * Registers a process, unless it is registered and alive. Returns its entry, or undefined when a newer process has taken the
 * id over in the meantime. Throws what `refusal` says.
 */
export function register(
  draft: Draft,
  reports: BrokerReports,
  registrant: Registrant,
  environment: string,
): Broker | undefined {
  const { id, incarnation, brokerEpochHeld, report } = registrant
  const known = draft.get('broker', String(id))
  const meeting = meet(known, incarnation)
  if (meeting === 'older') return undefined
  const refused = refusal(draft, id, report)
  if (refused !== undefined) throw refused
  const brokerEpoch = draft.nextVersion()
  // What is above every epoch that this store can give has to wait until the Castle epoch is raised (R14).
  const isBehind = known !== undefined && known.brokerEpoch < brokerEpochHeld && brokerEpoch > brokerEpochHeld
  if (meeting === 'same' && known?.up === true && !isBehind) return known
  // A broker of the first release says none; what was known before it still holds.
  const logsId = report.logsId ?? known?.logsId
  const unclean = isUnclean(known, logsId, report)
  // Registered by that name, but not with this store, which went back since: what was decided after that holds for them (R14).
  const uncleanEpoch = unclean ? (report.logsSince ?? brokerEpoch) : latest(known?.uncleanEpoch, report.logsSince)
  const broker: Broker = {
    id,
    cluster: report.cluster,
    host: report.host,
    port: report.port,
    metricsPort: report.metricsPort,
    rack: report.rack,
    pid: report.pid,
    release: report.release,
    incarnation,
    retired: known === undefined ? [] : meeting === 'same' ? known.retired : retire(known),
    brokerEpoch,
    up: true,
    sinceMs: draft.wallMs,
    why: whyNow(meeting, known),
    replicates: report.replicates === true,
    stopping: report.stopping,
    ...(report.full === true && { full: true }),
    ...(logsId === undefined ? {} : { logsId }),
    ...(uncleanEpoch === undefined ? {} : { uncleanEpoch }),
  }
  draft.put('broker', broker)
  touchCluster(draft, report.cluster, environment)
  giveProducerIds(draft, id)
  const elected = electFor(draft, reports, { brokerId: id, cluster: broker.cluster, reborn: true, unclean })
  if (uncleanEpoch !== undefined) noteUnclean(draft, broker.cluster, id, uncleanEpoch, unclean)
  // Its report may tell only what changed.
  const hasLogs = report.logs.length > 0 || reports.hasLogs(id)
  const uncleanly = unclean && hasLogs ? ', its logs may lack what they had: a power loss, or another disk' : ''
  draft.decide({
    kind: 'broker-up',
    what: `broker ${id} of cluster ${broker.cluster} is up; ${inWords(elected)}`,
    why: `${broker.why} (${broker.host}:${broker.port}, pid ${broker.pid})${uncleanly}`,
    about: [`broker/${id}`, `cluster/${broker.cluster}`],
  })
  return broker
}

/** Whether its logs may lack what they had when somebody last counted on them (R8): they go by another name, or no Castle has registered them yet. */
function isUnclean(known: Broker | undefined, logsId: string | undefined, { logsSince }: BrokerReport): boolean {
  if (known !== undefined) return known.logsId !== undefined && known.logsId !== logsId
  return logsId !== undefined && logsSince === undefined
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
}

function whyNow(meeting: Meeting, known: Broker | undefined): string {
  if (meeting !== 'same') return 'a new process registered'
  return known?.up === true ? 'it knows a newer broker epoch than the store' : 'heard again after it was called dead'
}

export type Gone = Pick<Broker, 'id' | 'brokerEpoch' | 'why'>

/**
 * Calls brokers dead or gone, unless they are down already or registered anew since the reason arose. Of several at once none is elected in
 * place of another.
 */
export function callDown(draft: Draft, reports: BrokerReports, brokers: readonly Gone[]): void {
  const gone = brokers.flatMap(({ id, brokerEpoch, why }) => {
    const broker = draft.get('broker', String(id))
    return broker?.up === true && broker.brokerEpoch === brokerEpoch ? [{ ...broker, why }] : []
  })
  for (const broker of gone) draft.put('broker', { ...broker, up: false, sinceMs: draft.wallMs })
  for (const { id, cluster, why } of gone) {
    touchCluster(draft, cluster, '')
    const elected = electFor(draft, reports, { brokerId: id, cluster })
    const what = `broker ${id} of cluster ${cluster} is down; ${inWords(elected)}`
    draft.decide({ kind: 'broker-down', what, why, about: [`broker/${id}`, `cluster/${cluster}`] })
  }
}

const blockLength = 1_000

export function giveProducerIds(draft: Draft, brokerId: number): void {
  const start = draft.takeProducerIds(blockLength)
  draft.put('producer-ids', { brokerId, start, length: blockLength, version: draft.nextVersion() })
}

/** The cluster's subject lists its living brokers, so it changes with them. Made when its first broker comes. */
export function touchCluster(draft: Draft, id: string, environment: string): void {
  const cluster = draft.get('cluster', id) ?? {
    id,
    kind: 'castellan' as const,
    environment,
    flags: castellanFlags,
    version: 0,
  }
  draft.put('cluster', { ...cluster, version: draft.nextVersion() })
}
