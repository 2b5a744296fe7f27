// Whether somebody knows of something newer than the store, which went back in time then (R14). Versions tell: they contain the Castle epoch,
// and rise with every change. But a Castle that learns this takes a higher epoch and raises all versions, so that it is followed again;
// what a topic is known as of must not rise with them.
//
//   known as of          raised to         decided since
//   5:100 .............. 9:3 ............. 9:7 -------->
//          5:150 is newer     8:2 is newer     nothing older than 9:7 is: what Castle decides for itself counts
import { castleEpochOf, versionOf } from '@castellan/protocol/heartbeat'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'

/** The topic under a version of a higher Castle epoch, with what it is known as of. */
export function raisedTo(topic: Topic, version: number): Topic {
  return { ...topic, version, raised: { version, asOf: knownAsOf(topic) } }
}

/** The version of what is in it. */
export function knownAsOf({ version, raised }: Topic): number {
  return raised?.version === version ? raised.asOf : version
}

/** Whether who holds this version of the topic knows what the store does not. */
export function isNewer(topic: Topic, version: number): boolean {
  if (version > topic.version) return true
  const isOurs = version >= versionOf(castleEpochOf(topic.version), 0)
  return !isOurs && version > knownAsOf(topic)
}

export interface Newer {
  /** The highest that the sender's versions show. */
  readonly castleEpoch: number
  readonly what: string
}

/** Of what a sender holds (subject key -> version), the newest that is newer than the store by its version alone. */
export function newerThanStore(
  view: View,
  cluster: string,
  holds: Readonly<Record<string, number>>,
): Newer | undefined {
  let newer: Newer | undefined
  for (const key of Object.keys(holds)) {
    const version = holds[key] as number
    const stored = storedVersion(view, cluster, key)
    if (stored === undefined || version <= stored) continue
    const castleEpoch = castleEpochOf(version)
    if (newer !== undefined && newer.castleEpoch >= castleEpoch) continue
    newer = { castleEpoch, what: `version ${version} of ${key}, but the store has ${stored}` }
  }
  return newer
}

function storedVersion(view: View, cluster: string, key: string): number | undefined {
  // The most frequent ones first: there may be thousands in each report.
  if (key.startsWith('topic/')) return view.get('topic', key.slice('topic/'.length))?.version
  if (key.startsWith('target/')) return view.get('group', `${cluster}/${key.slice('target/'.length)}`)?.version
  if (key.startsWith('cluster/')) return view.get('cluster', key.slice('cluster/'.length))?.version
  if (key.startsWith('producer-ids/')) return view.get('producer-ids', key.slice('producer-ids/'.length))?.version
  return undefined
}

/**
 * The topics that a broker knows better than the store (topic id -> version): newer ones, and those that the store does not know at all. A
 * deletion is the last word of a topic, and one that was forgotten long ago is none the less.
 */
export function offersOf(
  view: View,
  cluster: string,
  versions: Iterable<readonly [string, number]>,
): Map<string, number> {
  const offers = new Map<string, number>()
  for (const [topicId, version] of versions) {
    if (!isOffer(view, cluster, topicId, version)) continue
    offers.set(topicId, Math.max(version, offers.get(topicId) ?? 0))
  }
  return offers
}

export function isOffer(view: View, cluster: string, topicId: string, version: number): boolean {
  const topic = view.get('topic', topicId)
  if (topic !== undefined && (topic.cluster !== cluster || topic.deleted || !isNewer(topic, version))) return false
  const { forgotten = 0, refused } = view.get('cluster', cluster) ?? {}
  return version > (refused?.[topicId]?.version ?? -1) && (topic !== undefined || version > forgotten)
}
