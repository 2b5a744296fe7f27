// Entities as a store keeps them: the key names the kind, the JSON names its format, so that a later release can read
// what this one wrote, and this one refuses what a later one wrote instead of guessing.
import { CastleError, messageOf } from '../errors.ts'
import type { Change, Entry } from '../store/store.ts'
import { type Entities, type EntityChange, type Kind, kinds } from './entities.ts'

const format = 1

export function encodeChange({ kind, key, entity }: EntityChange): Change {
  return { key: `${kind}/${key}`, value: entity === null ? null : JSON.stringify({ format, ...entity }) }
}

/** Throws a CastleError that names the entry when it is not one of this release's. */
export function decodeEntry({ key, value }: Entry): EntityChange {
  const at = key.indexOf('/')
  const kind = kinds.find((each) => each === key.slice(0, at))
  if (kind === undefined)
    throw new CastleError('DATA_VERSION', `the store has an entry '${key}' of a kind unknown to this release`)
  const { format: found, ...entity } = parse(key, value)
  if (found !== format) {
    throw new CastleError(
      'DATA_VERSION',
      `the store's entry '${key}' has format ${String(found)}; this release reads ${format}`,
    )
  }
  return { kind, key: key.slice(at + 1), entity: entity as unknown as Entities[Kind] } as EntityChange
}

function parse(key: string, value: string): Record<string, unknown> {
  try {
    return JSON.parse(value) as Record<string, unknown>
  } catch (cause) {
    throw new CastleError('DATA_VERSION', `the store's entry '${key}' cannot be read: ${messageOf(cause)}`, { cause })
  }
}
