// Which version of an API to speak: the newest that this side, the broker and the caller know.
import type { Api } from '../schema/index.ts'
import { ClientError } from './errors.ts'

/** API key -> first and last version that the broker advertises. */
export type VersionRanges = ReadonlyMap<number, readonly [number, number]>

/** What a caller needs of the version: older ones lack a field, newer ones mean something else. */
export interface VersionLimits {
  readonly versionMin?: number
  readonly versionMax?: number
}

/** Throws VERSION_UNSUPPORTED when there is none. */
export function chooseVersion(api: Api, broker: VersionRanges, limits: VersionLimits): number {
  const theirs = broker.get(api.key)
  if (theirs === undefined) throw new ClientError('VERSION_UNSUPPORTED', `the broker does not know ${api.name}`)
  const lowest = Math.max(theirs[0], api.versions[0], limits.versionMin ?? 0)
  const highest = Math.min(theirs[1], api.versions[1], limits.versionMax ?? Number.POSITIVE_INFINITY)
  if (lowest <= highest) return highest
  const ours = `${Math.max(api.versions[0], limits.versionMin ?? 0)} to ${limits.versionMax ?? api.versions[1]}`
  const text = `the broker speaks ${api.name} in versions ${theirs[0]} to ${theirs[1]}, this client needs ${ours}`
  throw new ClientError('VERSION_UNSUPPORTED', text)
}
