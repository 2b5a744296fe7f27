// What a broker's report makes Castle do, beyond registering it: one decision on a draft, which mostly changes nothing.
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import { electFor, inWords } from '../election/elect-topics.ts'
import type { Draft } from '../state/draft.ts'
import { giveProducerIds } from './registration.ts'
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
  const elected = electFor(draft, reports, { brokerId, cluster: broker.cluster, reborn: false, topicIds: news })
  if (elected.partitions === 0) return
  draft.decide({
    kind: 'election',
    what: `${inWords(elected)}: ${elected.topics.slice(0, 10).join(', ')}`,
    why: `broker ${brokerId} reported a log that is out of use or in use again, or a newer leader epoch than the store's`,
    about: [`broker/${brokerId}`],
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
