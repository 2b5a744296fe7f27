// What this tab has measured of groups: kept while the page is open, also when one looks at another tab of the group meanwhile.
import { useEffect, useSyncExternalStore } from 'react'
import type { GroupView } from '../api/index.ts'
import type { GroupName } from './api.ts'
import { type Sample, sampleOf, withSample } from './lag.ts'

const groupsMax = 20
const none: readonly Sample[] = []
/** Of the groups looked at last. */
const kept = new Map<string, readonly Sample[]>()
const listeners = new Set<() => void>()

/** The samples of a group, with what `view` adds. */
export function useSamples(
  { cluster, group }: GroupName,
  view: GroupView | undefined,
  atMs: number,
): readonly Sample[] {
  const key = `${cluster}/${group}`
  useEffect(() => {
    if (view !== undefined) add(key, sampleOf(view, atMs))
  }, [key, view, atMs])
  return useSyncExternalStore(subscribe, () => kept.get(key) ?? none)
}

function add(key: string, sample: Sample | undefined): void {
  if (sample === undefined) return
  const samples = kept.get(key) ?? none
  const next = withSample(samples, sample)
  if (next === samples) return
  kept.delete(key)
  kept.set(key, next)
  const oldest = kept.keys().next().value
  if (kept.size > groupsMax && oldest !== undefined) kept.delete(oldest)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
