// How far a group is behind, and whether it catches up, from what this tab has measured: pure.
import type { GroupView } from '../api/types.ts'

/** One measurement of a whole group. */
export interface Sample {
  readonly atMs: number
  readonly lag: number
  /** Sum of the committed offsets. */
  readonly committed: number
}

/** What a group's lag adds up to; undefined when nothing is committed, null when a broker does not tell an end. */
export function totalLag(offsets: GroupView['offsets']): number | null | undefined {
  if (offsets.length === 0) return undefined
  let sum = 0
  for (const { lag } of offsets) {
    if (lag === null) return null
    sum += lag
  }
  return sum
}

/** A sample of `view`, or undefined when its lag is not wholly known: half a sum would look like progress. */
export function sampleOf({ offsets }: Pick<GroupView, 'offsets'>, atMs: number): Sample | undefined {
  const lag = totalLag(offsets)
  if (lag === undefined || lag === null) return undefined
  return { atMs, lag, committed: offsets.reduce((sum, { committed }) => sum + committed, 0) }
}

/** Ten minutes at a measurement each 1.5 s. */
const samplesMax = 400

/** The samples with one more, the oldest dropped; the same when it is no newer. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && sample.atMs <= last.atMs) return samples
  return [...samples, sample].slice(-samplesMax)
}

export type Pace =
  | { readonly kind: 'unknown' }
  /** Messages a second, committed and arriving; `etaMs`: until the lag is gone, null when it does not shrink. */
  | {
      readonly kind: 'done' | 'shrinking' | 'growing' | 'still'
      readonly commits: number
      readonly arrives: number
      readonly etaMs: number | null
    }

const paceOverMs = 30_000
const paceAfterMs = 3_000
/** A group that works has messages in hand at any moment: so much lag, in seconds of what arrives, is none. */
const inHandS = 2

/** Over the last 30 s of the samples. */
export function paceOf(samples: readonly Sample[]): Pace {
  const last = samples.at(-1)
  const first = samples.find(({ atMs }) => last !== undefined && atMs >= last.atMs - paceOverMs)
  if (first === undefined || last === undefined || last.atMs - first.atMs < paceAfterMs) return { kind: 'unknown' }
  const seconds = (last.atMs - first.atMs) / 1_000
  // Offsets that were set back by hand are no pace.
  const commits = Math.max(0, (last.committed - first.committed) / seconds)
  const arrives = Math.max(0, (last.lag + last.committed - first.lag - first.committed) / seconds)
  const rates = { commits, arrives }
  if (last.lag <= arrives * inHandS) return { kind: 'done', ...rates, etaMs: 0 }
  const shrinksBy = (first.lag - last.lag) / seconds
  if (shrinksBy > 0) return { kind: 'shrinking', ...rates, etaMs: (last.lag / shrinksBy) * 1_000 }
  return { kind: commits === 0 ? 'still' : 'growing', ...rates, etaMs: null }
}

/** Partitions as ranges: '0-2, 5'. */
export function rangesOf(partitions: readonly number[]): string {
  const sorted = [...partitions].sort((a, b) => a - b)
  const ranges: string[] = []
  let start = 0
  for (let i = 1; i <= sorted.length; i++) {
    if (sorted[i] === (sorted[i - 1] as number) + 1) continue
    ranges.push(start === i - 1 ? `${sorted[start]}` : `${sorted[start]}-${sorted[i - 1]}`)
    start = i
  }
  return ranges.join(', ')
}

type Assigned = readonly { readonly topicId: string; readonly partitions: readonly number[] }[]

/** Whether two assignments name the same partitions, in whatever order. */
export function isSameAssignment(one: Assigned, other: Assigned): boolean {
  const textOf = (assigned: Assigned) =>
    assigned
      .filter(({ partitions }) => partitions.length > 0)
      .map(({ topicId, partitions }) => `${topicId}:${rangesOf(partitions)}`)
      .sort()
      .join(';')
  return textOf(one) === textOf(other)
}
