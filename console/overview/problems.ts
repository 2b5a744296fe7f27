// Where a problem's first action leads: pure.
import type { ProblemView } from '../api/types.ts'
import { pages } from '../url/pages.ts'
import { href } from '../url/routes.ts'

export type ActionName =
  | 'partitions'
  | 'broker'
  | 'brokers'
  | 'losses'
  | 'message'
  | 'group'
  | 'client'
  | 'clients'
  | 'topics'

export interface Action {
  readonly name: ActionName
  readonly to: string
}

/** What can be done about it from here, the most telling first. */
export function actionsOf({ kind, cluster, params, about }: ProblemView): readonly Action[] {
  const text = (name: string) => (params[name] == null ? undefined : String(params[name]))
  const topic = text('topic')
  const partition = text('partition')
  switch (kind) {
    case 'store-failed':
      return [] // its disk is mended elsewhere
    case 'recovering':
      return [] // it has no page before it registers
    case 'refused':
      return [{ name: 'brokers', to: pages.brokers }]
    case 'in-doubt':
      if (params['partitions'] === undefined) return [{ name: 'brokers', to: pages.brokers }]
      return [{ name: 'brokers', to: pages.brokers }, ...partitionsOf(cluster, params)]
    case 'lost':
      return topic === undefined ? [] : [{ name: 'losses', to: href(pages.topic, { cluster, topic }) }]
    case 'leaderless':
    case 'below-min-isr':
    case 'under-replicated':
      return partitionsOf(cluster, params)
    case 'broker-down':
    case 'log-fault':
    case 'disk-full':
      return [{ name: 'broker', to: href(pages.broker, { cluster, id: text('broker') ?? '' }) }]
    case 'stuck': {
      const group: Action = { name: 'group', to: href(pages.group, { cluster, group: text('group') ?? '' }) }
      if (topic === undefined || partition === undefined) return [group]
      const offset = text('offset')
      const query = { partition, from: offset, message: `${partition}@${offset}` }
      return [group, { name: 'message', to: href(pages.topic, { cluster, topic, tab: 'messages' }, query) }]
    }
    case 'client-behind': {
      const only = about.length === 1 ? about[0]?.slice('client/'.length) : undefined
      if (only !== undefined && params['clients'] === 1)
        return [{ name: 'client', to: href(pages.client, { id: only }) }]
      return [{ name: 'clients', to: href(pages.clients, {}, { behind: '1' }) }]
    }
  }
}

/** Those of the only topic that a problem is about, or the topics it is about first. */
function partitionsOf(cluster: string, { topics, examples }: ProblemView['params']): Action[] {
  if (topics !== 1) return [{ name: 'topics', to: href(pages.topics, {}, { sort: 'state', internal: '1' }) }]
  return [{ name: 'partitions', to: href(pages.topic, { cluster, topic: String(examples), tab: 'partitions' }) }]
}
