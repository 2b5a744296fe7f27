// What goes bad on a broker's disk while the rest stays as it was (R9): in the segments of replicated topics, for one that stands alone has
// nobody to mend it.
import type { Flaw, Machine } from '@castellan/testing/simulator'
import type { CastleWatch } from './castle-watch.ts'
import { folderOf, type Place, placesBelow } from './disk-logs.ts'
import { planOf } from './topics.ts'

export interface PartitionName {
  readonly topicId: string
  readonly index: number
}

const zerosMax = 4_096

/** A bit, of whatever segment. Null: there is none. */
export function flipBit(machine: Machine, { topics }: CastleWatch): Flaw | null {
  return machine.platters.flip(machine.random, (path) => {
    const topic = topics.get(path.split('/')[3] ?? '')
    return path.endsWith('.log') && topic !== undefined && isReplicated(topic.name)
  })
}

/** A part of a segment reads as zeros. */
export function zeroSegment(machine: Machine, watch: CastleWatch, id: number, only?: PartitionName): Flaw | null {
  const place = committedPlace(machine, watch, id, only)
  if (place === null) return null
  return machine.platters.zero(place.path, place.position, machine.random.between(1, zerosMax))
}

/** A segment ends too early. */
export function cutSegment(machine: Machine, watch: CastleWatch, id: number, only?: PartitionName): Flaw | null {
  const place = committedPlace(machine, watch, id, only)
  return place === null ? null : machine.platters.cut(place.path, place.position)
}

/** There is something that could be spoiled so. */
export function hasCommitted({ platters }: Machine, watch: CastleWatch, id: number, only: PartitionName): boolean {
  return committedPlaces(platters, watch, id, only).length > 0
}

/**
 * In a batch below the high watermark that the broker has written down: when the newest is gone from a file that no power loss came over,
 * nobody could tell it from one that was never written.
 */
function committedPlace(
  { platters, random }: Machine,
  watch: CastleWatch,
  id: number,
  only?: PartitionName,
): Place | null {
  const places = committedPlaces(platters, watch, id, only)
  if (places.length === 0) return null
  const place = random.pick(places)
  return { ...place, position: place.position + random.between(0, place.bytes.length) }
}

function committedPlaces(
  platters: Machine['platters'],
  watch: CastleWatch,
  id: number,
  only: PartitionName | undefined,
): Place[] {
  const places: Place[] = []
  for (const [topicId, partition, offset] of marksOn(platters, watch.logsIds.get(id))) {
    const topic = watch.topics.get(topicId)
    if (topic === undefined) continue
    const isMeant = only === undefined ? isReplicated(topic.name) : only.topicId === topicId && only.index === partition
    if (!isMeant) continue
    places.push(...placesBelow(platters, folderOf(topicId, partition), offset))
  }
  return places
}

type Mark = readonly [topicId: string, partition: number, offset: number]

/** Those that speak of the logs of this name. The file's second line is JSON; torn by a power loss it counts as none, as it does for the broker. */
function marksOn({ files }: Machine['platters'], logsId: string | undefined): Mark[] {
  const file = files.get('/data/logs/high-watermarks')
  const text = new TextDecoder().decode(file?.bytes.subarray(0, file.size))
  const [, json = '{"marks":{}}'] = text.split('\n')
  const content = parsed(json)
  if (content === undefined || content.logsId !== logsId) return []
  return Object.entries(content.marks).flatMap(([topicId, ofTopic]) =>
    ofTopic.map(([partition, offset]): Mark => [topicId, partition, offset]),
  )
}

function parsed(json: string): { logsId?: string; marks: Record<string, [number, number][]> } | undefined {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isReplicated(topic: string): boolean {
  return planOf(topic)?.replicationFactor !== 1
}
