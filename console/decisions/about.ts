// What a decision is about, as a person reads it and where its page is: pure.
import type { DecisionView, TopicSummary } from '../api/types.ts'
import { hasWords } from '../grid/words.ts'
import { pages } from '../url/pages.ts'
import { href } from '../url/routes.ts'

export interface About {
  /** As the address and the API have it: 'broker/2'. */
  readonly key: string
  readonly text: string
  /** undefined: it has no page, or is gone. */
  readonly to: string | undefined
}

/** `cluster` of the decision is named among the others, where it is named at all. */
export function readAbout(
  key: string,
  all: readonly string[],
  topics: ReadonlyMap<string, Pick<TopicSummary, 'name' | 'cluster'>>,
): About {
  const slash = key.indexOf('/')
  const kind = key.slice(0, slash)
  const name = key.slice(slash + 1)
  const cluster = all.find((each) => each.startsWith('cluster/'))?.slice('cluster/'.length)
  if (kind === 'topic') {
    const topic = topics.get(name)
    if (topic === undefined) return { key, text: key, to: undefined }
    return { key, text: topic.name, to: href(pages.topic, { cluster: topic.cluster, topic: topic.name }) }
  }
  if (kind === 'broker') {
    return { key, text: key, to: cluster === undefined ? pages.brokers : href(pages.broker, { cluster, id: name }) }
  }
  if (kind === 'group') {
    const [home = '', ...group] = name.split('/')
    return { key, text: group.join('/'), to: href(pages.group, { cluster: home, group: group.join('/') }) }
  }
  if (kind === 'client') return { key, text: name, to: href(pages.client, { id: name }) }
  return { key, text: key, to: undefined }
}

export interface DecisionFilter {
  readonly q: string
  readonly kind: string
}

export function isShown({ what, why, kind }: DecisionView, { q, kind: wanted }: DecisionFilter): boolean {
  if (wanted !== '' && kind !== wanted) return false
  return hasWords([what, why], q)
}
