// What a broker's report makes Castle do, beyond registering it: one decision on a draft, which mostly changes nothing.
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import { type Elected, electFor, inWords } from '../election/elect-topics.ts'
import { Standings } from '../election/standing.ts'
import type { Draft } from '../state/draft.ts'
import type { Broker, Topic } from '../state/entities.ts'
import { topicsOf, type View } from '../state/state.ts'
import { giveProducerIds, touchCluster } from './registration.ts'
import type { BrokerReports } from './reports.ts'

/** Deletions that are kept at most; a log of a topic whose deletion was dropped is stray. The oldest go, those that are done with first. */
const tombstonesMax = 1_000

/** `news`: the ids of topics whose logs it told something new of. */
export function reviewReport(
  draft: Draft,
  reports: BrokerReports,
  brokerId: number,
  report: BrokerReport,
  news: ReadonlySet<string>,
): void {
  const broker = draft.get('broker', String(brokerId))
  if (broker?.up !== true) return
  // It began its newest block: it gets the next one before that is used up.
  if (draft.get('producer-ids', String(brokerId))?.start === report.producerIdsBegun) giveProducerIds(draft, brokerId)
  settleDeletions(draft, reports, brokerId, report)
  if (report.stopping && broker.stopping !== true) {
    const stopping = { ...broker, stopping: true, why: 'it is stopping' }
    return relieve(draft, reports, stopping, { kind: 'broker-stopping', why: 'it said that it stops' })
  }
  const { full, ...itself } = broker
  if (report.full === true && full !== true) {
    const why = 'its disk is full'
    return relieve(draft, reports, { ...broker, full: true, why }, { kind: 'broker-full', why })
  }
  if (report.full !== true && full === true) takeBack(draft, { ...itself, why: 'its disk has room again' })
  const elected = electFor(draft, reports, { brokerId, cluster: broker.cluster, topicIds: news })
  if (elected.topics.length === 0) return
  const { topics } = elected
  const more = topics.length > 10 ? ` and ${topics.length - 10} more` : ''
  draft.decide({
    kind: 'election',
    what: `${inWords(elected)}: ${topics.slice(0, 10).join(', ')}${more}`,
    why: whyElected(brokerId, elected),
    about: [`broker/${brokerId}`],
  })
}

function whyElected(brokerId: number, { losses }: Elected): string {
  if (losses > 0) return `nobody in sync could lead, and broker ${brokerId} was the last to report where its logs end`
  return `broker ${brokerId} reported a log that is out of use or in use again, or a newer leader epoch than the store's`
}

/**
 * It stops in good order: others lead and are in sync before it goes, where there are others (S2). A process does not stop stopping. So, too,
 * when its disk is full (R9).
 */
function relieve(
  draft: Draft,
  reports: BrokerReports,
  broker: Broker,
  { kind, why }: { kind: 'broker-stopping' | 'broker-full'; why: string },
): void {
  draft.put('broker', broker)
  touchCluster(draft, broker.cluster, '')
  const elected = electFor(draft, reports, { brokerId: broker.id, cluster: broker.cluster })
  draft.decide({
    kind,
    what: `broker ${broker.id} of cluster ${broker.cluster} is relieved; ${inWords(elected)}`,
    why,
    about: [`broker/${broker.id}`, `cluster/${broker.cluster}`],
  })
}

/** It is in sync again, and leads, as others find it so: where nobody else could, by what it reports of its logs. */
function takeBack(draft: Draft, broker: Broker): void {
  draft.put('broker', broker)
  touchCluster(draft, broker.cluster, '')
  const about = [`broker/${broker.id}`, `cluster/${broker.cluster}`]
  const what = `broker ${broker.id} of cluster ${broker.cluster} may lead and be in sync again`
  draft.decide({ kind: 'broker-up', what, why: broker.why, about })
}

/** Whether it leads nothing that another could lead: while it does it is still handing over, and a broken link says nothing else (R2). */
export function isRelieved(view: View, reports: BrokerReports, { id, cluster }: Broker): boolean {
  const standings = new Standings(view, reports)
  for (const { topicId, partitions } of topicsOf(view, cluster)) {
    for (const [index, { leader, isr }] of partitions.entries()) {
      const canLead = (other: number) => other !== id && standings.of(other, topicId, index) === 'fit'
      if (leader === id && isr.some(canLead)) return false
    }
  }
  return true
}

/**
 * A deletion is done with when every broker that held the topic has heard of it and has no log of it any more (R13). Its record stays for
 * long all the same: a broker that missed it must not bring the topic back (R14). Versions below one that had to go are no news for ever.
 */
function settleDeletions(draft: Draft, reports: BrokerReports, brokerId: number, report: BrokerReport): void {
  const tombstones: Topic[] = []
  for (const topic of [...draft.all('topic')]) {
    if (!topic.deleted) continue
    tombstones.push(topic)
    if (!topic.holders.includes(brokerId) || (report.holds[`topic/${topic.topicId}`] ?? -1) < topic.version) continue
    if (reports.hasLogsOf(brokerId, topic.topicId)) continue
    draft.put('topic', { ...topic, holders: topic.holders.filter((id) => id !== brokerId) })
  }
  if (tombstones.length <= tombstonesMax) return
  const isOpen = ({ topicId }: Topic) => (draft.get('topic', topicId)?.holders.length ?? 0) > 0
  tombstones.sort((a, b) => Number(isOpen(a)) - Number(isOpen(b)) || a.version - b.version)
  for (const topic of tombstones.slice(0, tombstones.length - tombstonesMax)) forget(draft, topic)
}

function forget(draft: Draft, { topicId, cluster: id, version }: Topic): void {
  draft.remove('topic', topicId)
  const cluster = draft.get('cluster', id)
  if (cluster !== undefined) draft.put('cluster', { ...cluster, forgotten: Math.max(cluster.forgotten ?? 0, version) })
}
