// Whether a sender shows that the store went back in time (R14): it holds a newer version of a subject than the store has. A
// higher Castle epoch shows in the heartbeat itself, a higher leader epoch in the election.
import { castleEpochOf } from '@castellan/protocol/heartbeat'
import type { View } from '../state/state.ts'

export interface Newer {
  /** The highest that the sender's versions show. */
  readonly castleEpoch: number
  readonly what: string
}

export function newerThanStore(
  view: View,
  cluster: string,
  holds: Readonly<Record<string, number>>,
): Newer | undefined {
  let newer: Newer | undefined
  for (const [key, version] of Object.entries(holds)) {
    const stored = storedVersion(view, cluster, key)
    if (stored === undefined || version <= stored) continue
    const castleEpoch = castleEpochOf(version)
    if (newer !== undefined && newer.castleEpoch >= castleEpoch) continue
    newer = { castleEpoch, what: `version ${version} of ${key}, but the store has ${stored}` }
  }
  return newer
}

function storedVersion(view: View, cluster: string, key: string): number | undefined {
  const at = key.indexOf('/')
  const name = key.slice(at + 1)
  switch (key.slice(0, at)) {
    case 'cluster':
      return view.get('cluster', name)?.version
    case 'topic':
      return view.get('topic', name)?.version
    case 'target':
      return view.get('group', `${cluster}/${name}`)?.version
    case 'producer-ids':
      return view.get('producer-ids', name)?.version
    default:
      return undefined
  }
}
