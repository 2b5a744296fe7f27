// Every schema at every version against the fields that Apache Kafka's messages have there.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AnyField, Fields, Shape } from '../schema/index.ts'
import { apis } from './index.ts'

interface Fact {
  readonly depth: number
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullable: string
  readonly tag: number | null
  readonly default: string | undefined
}

const facts = JSON.parse(readFileSync(new URL('../testdata/kafka-fields.json', import.meta.url), 'utf8')) as Record<
  string,
  { readonly flexible: string; readonly fields: readonly string[] }
>

function parse(line: string): Fact {
  const [depth, name, type, versions, ...rest] = line.split(' ')
  const value = (key: string) => rest.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1)
  const tag = value('tag')
  return {
    depth: Number(depth),
    name: name!,
    type: type!,
    versions: versions!,
    nullable: value('nullable') ?? 'none',
    tag: tag === undefined ? null : Number(tag),
    default: value('default'),
  }
}

/** Ranges as Kafka writes them: "3", "3+", "0-12", "none". */
function includes(range: string, version: number): boolean {
  if (range === 'none') return false
  const [first, last] = range.includes('+') ? [Number.parseInt(range, 10), Infinity] : range.split('-').map(Number)
  return version >= first! && version <= (last ?? first!)
}

/** Kafka's fields of a message at a version, one line each. */
function expected(message: string, version: number): string[] {
  const lines: string[] = []
  let hiddenBelow = Infinity // the depth of a field that this version lacks, and its inner ones with it
  for (const fact of facts[message]!.fields.map(parse)) {
    if (fact.depth > hiddenBelow) continue
    const isThere = includes(fact.versions, version)
    hiddenBelow = isThere ? Infinity : fact.depth
    const parts = [fact.depth, fact.name, fact.type, includes(fact.nullable, version), fact.tag]
    if (isThere) lines.push(parts.join(' '))
  }
  return lines
}

/** Tags from here on are our own, which brokers send each other: nobody else needs to know them (KIP-482). */
const ownTagMin = 10_000

/** Our fields of a message at a version, in the same form, but for our own. */
function actual(fields: Fields, version: number, depth = 0): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const shape = field.shape
    if (version < shape.since || version > shape.until || (shape.tag ?? 0) >= ownTagMin) return []
    const inner = shape.element === null ? shape : shape.element.shape
    const parts = [depth, name, typeOf(shape), version >= shape.nullableSince, shape.tag]
    return [parts.join(' '), ...(inner.fields ? actual(inner.fields, version, depth + 1) : [])]
  })
}

function typeOf(shape: Shape): string {
  if (shape.element !== null) return `[]${typeOf(shape.element.shape)}`
  return shape.type === 'boolean' ? 'bool' : shape.type
}

/** Every field with its path, whatever the version. */
function* all(fields: Fields, path = ''): Iterable<[string, AnyField]> {
  for (const [name, field] of Object.entries(fields)) {
    yield [`${path}${name}`, field]
    const inner = field.shape.fields ?? field.shape.element?.shape.fields
    if (inner) yield* all(inner, `${path}${name}.`)
  }
}

const messages = [...apis.values()].flatMap((api) =>
  (['request', 'response'] as const).map((side) => ({ title: `${api.name} ${side}`, api, side, codec: api[side] })),
)

describe.each(messages)('$title', ({ title, api, codec }) => {
  const versions = Array.from({ length: api.versions[1] - api.versions[0] + 1 }, (_, i) => api.versions[0] + i)

  it.each(versions)('has the fields of Kafka at version %i', (version) => {
    expect(actual(codec.fields, version)).toEqual(expected(title, version))
    expect(api.isFlexible(version)).toBe(includes(facts[title]!.flexible, version))
  })

  it('has the defaults of Kafka', () => {
    const path: string[] = []
    const defaults = new Map<string, string>()
    for (const { depth, name, default: value } of facts[title]!.fields.map(parse)) {
      path.splice(depth, Infinity, name)
      if (value !== undefined)
        defaults.set(path.join('.'), value === '9223372036854775807' ? `${Number.MAX_SAFE_INTEGER}` : value)
    }
    for (const [name, field] of all(codec.fields)) {
      const value = defaults.get(name)
      if (value === undefined || !field.shape.optional) continue
      const ours = field.shape.default
      expect(typeof ours === 'number' ? ours : `${ours}`, name).toBe(typeof ours === 'number' ? Number(value) : value)
    }
  })
})

it('lists each API once, by its key', () => {
  expect([...apis].every(([key, api]) => key === api.key)).toBe(true)
  expect([...apis.values()].map((api) => `${api.key} ${api.name} ${api.versions.join('-')}`)).toEqual([
    '0 Produce 0-13',
    '1 Fetch 4-18',
    '2 ListOffsets 1-11',
    '3 Metadata 0-13',
    '8 OffsetCommit 2-10',
    '9 OffsetFetch 1-10',
    '10 FindCoordinator 0-6',
    '15 DescribeGroups 0-6',
    '16 ListGroups 0-5',
    '18 ApiVersions 0-5',
    '19 CreateTopics 2-7',
    '20 DeleteTopics 1-6',
    '22 InitProducerId 0-5',
    '23 OffsetForLeaderEpoch 2-4',
    '32 DescribeConfigs 1-4',
    '35 DescribeLogDirs 1-4',
    '37 CreatePartitions 0-3',
    '43 ElectLeaders 0-2',
    '44 IncrementalAlterConfigs 0-1',
    '45 AlterPartitionReassignments 0-1',
    '46 ListPartitionReassignments 0-0',
    '68 ConsumerGroupHeartbeat 0-1',
    '69 ConsumerGroupDescribe 0-1',
    '75 DescribeTopicPartitions 0-0',
  ])
})
