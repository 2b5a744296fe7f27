// What a broker's report makes Castle do, beyond registering it: one decision on a draft, which mostly changes nothing.
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import { type Elected, electFor, inWords } from '../election/elect-topics.ts'
import type { Draft } from '../state/draft.ts'
import type { Broker } from '../state/entities.ts'
import { giveProducerIds, touchCluster } from './registration.ts'
import type { BrokerReports } from './reports.ts'

/** Deletions that are kept at most; a log of a topic whose deletion was dropped is stray. */
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
  if (report.stopping && broker.stopping !== true) return relieve(draft, reports, broker)
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

/** It stops in good order: others lead and are in sync before it goes, where there are others (S2). A process does not stop stopping. */
function relieve(draft: Draft, reports: BrokerReports, broker: Broker): void {
  draft.put('broker', { ...broker, stopping: true, why: 'it is stopping' })
  touchCluster(draft, broker.cluster, '')
  const elected = electFor(draft, reports, { brokerId: broker.id, cluster: broker.cluster })
  draft.decide({
    kind: 'broker-stopping',
    what: `broker ${broker.id} of cluster ${broker.cluster} is relieved; ${inWords(elected)}`,
    why: 'it said that it stops',
    about: [`broker/${broker.id}`, `cluster/${broker.cluster}`],
  })
}

/** A deletion is done with when every broker that held the topic has heard of it and has no log of it any more (R13). */
function settleDeletions(draft: Draft, reports: BrokerReports, brokerId: number, report: BrokerReport): void {
  const tombstones = [...draft.all('topic')].filter((topic) => topic.deleted)
  for (const [index, topic] of tombstones.entries()) {
    const heard = (report.holds[`topic/${topic.topicId}`] ?? -1) >= topic.version
    const gone = heard && !reports.hasLogsOf(brokerId, topic.topicId)
    const holders = gone ? topic.holders.filter((id) => id !== brokerId) : topic.holders
    if (holders.length === 0 || index < tombstones.length - tombstonesMax) draft.remove('topic', topic.topicId)
    else if (holders.length !== topic.holders.length) draft.put('topic', { ...topic, holders })
  }
}
