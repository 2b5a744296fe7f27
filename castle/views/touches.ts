// What a change means to people's pages: the names of the subjects of hub.ts that it touches. When nobody looks, nothing is named.
import type { Session } from '../heartbeats/session.ts'
import type { EntityChange } from '../state/entities.ts'
import type { Hub } from './hub.ts'

/** The state changed. */
export function touchChange(hub: Hub, { kind, entity, key }: EntityChange): void {
  if (!hub.isWatched) return
  switch (kind) {
    case 'cluster':
    case 'broker':
      return hub.touch('brokers')
    case 'topic':
      hub.touch('topics')
      if (entity !== null) hub.touch(`topic/${entity.cluster}/${entity.name}`)
      return
    case 'group':
      hub.touch('groups')
      // The key of a group is its cluster and its name.
      return hub.touch(`group/${key}`)
    case 'decision':
      return hub.touch('decisions')
    case 'producer-ids':
      return
  }
}

/** A client came, went, or said something new: what it uses shows it too. */
export function touchClient(hub: Hub, { id, cluster, report }: Session): void {
  if (!hub.isWatched || report.kind !== 'client') return
  hub.touch('clients')
  hub.touch(`client/${id}`)
  for (const topic of report.topics) hub.touch(`topic/${cluster}/${topic}`)
  for (const { group } of report.groups) hub.touch(`group/${cluster}/${group}`)
}

/** Its coordinator said something new of a group. */
export function touchGroup(hub: Hub, cluster: string, group: string): void {
  if (!hub.isWatched) return
  hub.touch('groups')
  hub.touch(`group/${cluster}/${group}`)
}
