// Where reading starts and ends, as people say it: earliest, latest, an offset, a time, or how long ago.
import { UsageError } from '../errors.ts'

export type Place =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly ms: number }

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const iso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/

/** `--from`. Throws a UsageError. */
export function startOf(text: string, nowMs: number): Place {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'offset', offset: Number(text) }
  const ms = timeOf(text, nowMs)
  if (ms !== undefined) return { kind: 'time', ms }
  throw wrong('--from', text, 'earliest, latest, an offset such as 1200')
}

/** `--until`: where it ends now, or at a time. Throws a UsageError. */
export function endOf(text: string, nowMs: number): 'end' | { readonly ms: number } {
  if (text === 'end') return 'end'
  const ms = timeOf(text, nowMs)
  if (ms !== undefined) return { ms }
  throw wrong('--until', text, 'end')
}

/** Milliseconds since 1970 of an ISO time (UTC where it names no zone) or of -15m and its like. */
function timeOf(text: string, nowMs: number): number | undefined {
  const [, amount, unit] = /^-(\d{1,9})([smhd])$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return Math.max(0, nowMs - Number(amount) * (units[unit] ?? 0))
  const match = iso.exec(text)
  if (match === null || !isDay(text.slice(0, 10))) return undefined
  const ms = Date.parse(text.includes('T') && match[1] === undefined ? `${text}Z` : text)
  return Number.isNaN(ms) || ms < 0 ? undefined : ms
}

/** Date.parse takes February 30 for March 2. */
function isDay(text: string): boolean {
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

function wrong(option: string, text: string, words: string): UsageError {
  return new UsageError(
    `${option} is '${text}', but must be ${words}, a time such as 2026-01-01T00:00Z, or -15m (s, m, h, d).`,
  )
}
