// What Castle tells a client of, desired beside actual, pure.
import type { ClientSummary, ClientView } from '../api/types.ts'
import { hasWords } from '../grid/words.ts'

type Subject = ClientView['subjects'][number]

export type SubjectState = 'held' | 'older' | 'none'

export function stateOf({ desired, actual }: Subject): SubjectState {
  if (actual === null) return 'none'
  return actual === desired ? 'held' : 'older'
}

/** `topic/<id>` is of kind topic, and names an id. */
export function readKey(key: string): { kind: string; name: string } {
  const slash = key.indexOf('/')
  return slash === -1 ? { kind: key, name: '' } : { kind: key.slice(0, slash), name: key.slice(slash + 1) }
}

export interface ClientFilter {
  /** Words that id, service, host, topics or groups must contain, all of them. */
  readonly q: string
  readonly isBehindOnly: boolean
}

export function isShown(client: ClientSummary, { q, isBehindOnly }: ClientFilter): boolean {
  if (isBehindOnly && client.behind === 0) return false
  const { id, service, host, topics, groups } = client
  return hasWords([id, service, host, ...topics, ...groups], q)
}
