// The records of a group log. One record for each change of a group's state (group.ts): the newest of a key counts.
//
//   key    ["group", id]  ["member", id, member]  ["target", id, member]  ["holding", id, member]
//          ["offset", id, topic id, partition]  ["begin"]  ["end"]                  (of a snapshot)
//   value  {"v": 1, ...}; null: there is none any more
//
// JSON, so that people can read __consumer_offsets with any consumer. A value of a version that this release does not
// know stops it from coordinating the partition: guessing would lose somebody's state.
import type { Rec, RecordInput } from '@castellan/protocol/records'
import { GroupLogError } from './errors.ts'
import type { Committed } from './state/commits.ts'
import type { Change, Head, Holding, Profile } from './state/group.ts'
import type { Owned } from './state/owned.ts'

const version = 1

/** topic id -> [partition, epoch at which it was assigned] */
type OwnedJson = Record<string, [partition: number, epoch: number][]>

export type Entry =
  | { readonly kind: 'change'; readonly groupId: string; readonly change: Change }
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' }

export const beginRecord: RecordInput = { key: '["begin"]', value: JSON.stringify({ v: version }) }
export const endRecord: RecordInput = { key: '["end"]', value: JSON.stringify({ v: version }) }

export function encodeChange(groupId: string, change: Change): RecordInput {
  switch (change.kind) {
    case 'group':
      return record(['group', groupId], change.value)
    case 'member':
    case 'target':
      return record([change.kind, groupId, change.memberId], change.value)
    case 'holding': {
      const { epoch, previousEpoch, assigned, revoking } = change.value
      const value = { epoch, previousEpoch, assigned: ownedJson(assigned), revoking: ownedJson(revoking) }
      return record(['holding', groupId, change.memberId], value)
    }
    case 'offset':
      return record(['offset', groupId, change.topicId, change.partition], change.value)
  }
}

function record(key: readonly (string | number)[], value: object | null): RecordInput {
  return { key: JSON.stringify(key), value: value === null ? null : JSON.stringify({ v: version, ...value }) }
}

/** Throws a GroupLogError for what this release did not write. */
export function decodeEntry({ offset, key: keyBytes, value: valueBytes }: Rec): Entry {
  const key = parse(keyBytes, offset)
  const value = valueBytes === null ? null : parse(valueBytes, offset)
  if (!Array.isArray(key)) throw damaged(offset, 'its key is no list')
  const [kind, groupId = '', name = '', partition = 0] = key as [string, string?, string?, number?]
  if (value !== null && value.v !== version) {
    throw new GroupLogError(
      'GROUP_LOG_VERSION',
      `the record at offset ${offset} (${kind}) has version ${value.v}, and this release knows ${version}`,
    )
  }
  if (kind === 'begin' || kind === 'end') return { kind }
  return { kind: 'change', groupId, change: changeOf(offset, kind, name, partition, value) }
}

// biome-ignore lint/suspicious/noExplicitAny: the shape follows from the version, which was checked
type Json = any

function changeOf(offset: number, kind: string, name: string, partition: number, value: Json | null): Change {
  if (value === null) {
    if (kind === 'group') return { kind, value }
    if (kind === 'member') return { kind, memberId: name, value }
    if (kind === 'offset') return { kind, topicId: name, partition, value }
    throw damaged(offset, `${kind} without a value`)
  }
  const { v: _, ...rest } = value
  if (kind === 'group') return { kind, value: rest as Head }
  if (kind === 'member') return { kind, memberId: name, value: rest as Profile }
  if (kind === 'target') return { kind, memberId: name, value: rest }
  if (kind === 'offset') return { kind, topicId: name, partition, value: rest as Committed }
  if (kind === 'holding') return { kind, memberId: name, value: holdingOf(rest) }
  throw new GroupLogError(
    'GROUP_LOG_VERSION',
    `the record at offset ${offset} is a ${kind}, which this release does not know`,
  )
}

function holdingOf(json: { epoch: number; previousEpoch: number; assigned: OwnedJson; revoking: OwnedJson }): Holding {
  const { epoch, previousEpoch, assigned, revoking } = json
  return { epoch, previousEpoch, assigned: ownedOf(assigned), revoking: ownedOf(revoking) }
}

function ownedJson(owned: Owned): OwnedJson {
  return Object.fromEntries([...owned].map(([topicId, partitions]) => [topicId, [...partitions]]))
}

function ownedOf(json: OwnedJson): Owned {
  return new Map(Object.entries(json).map(([topicId, pairs]) => [topicId, new Map(pairs)]))
}

const decoder = new TextDecoder()

function parse(bytes: Uint8Array | null, offset: number): Json {
  if (bytes === null) throw damaged(offset, 'it has no key')
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (error) {
    throw damaged(offset, 'it is no JSON', error)
  }
}

function damaged(offset: number, why: string, cause?: unknown): GroupLogError {
  return new GroupLogError('GROUP_LOG_DAMAGED', `the record at offset ${offset} of the group log: ${why}`, { cause })
}
