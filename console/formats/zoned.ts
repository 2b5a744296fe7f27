// What a clock on the wall of a zone shows, and the instant that it means: for fields in which a person types a time. Pure.
import type { Zone } from './formats.ts'

/** '2026-03-01T08:05:09', as fields of type datetime-local have it. */
export function wallText(atMs: number, zone: Zone): string {
  return new Date(atMs + offsetMs(atMs, zone)).toISOString().slice(0, 19)
}

/**
 * The instant at which the zone's clocks show `text`, in ms; undefined for what is no time. An hour that clocks show twice means its
 * first; one that they leave out means the hour after it.
 */
export function instantOf(text: string, zone: Zone): number | undefined {
  const wallMs = Date.parse(`${text}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) || Number.isNaN(wallMs)) return undefined
  // The offset depends on the instant, and the instant on the offset: both sides of a change of clocks are tried.
  const dayMs = 86_400_000
  const before = wallMs - offsetMs(wallMs - dayMs, zone)
  const after = wallMs - offsetMs(wallMs + dayMs, zone)
  const fits = (atMs: number) => atMs + offsetMs(atMs, zone) === wallMs
  return fits(before) || !fits(after) ? before : after
}

/** How far the zone's clocks are ahead of UTC. */
function offsetMs(atMs: number, zone: Zone): number {
  if (zone === 'utc') return 0
  if (zone === 'local') return -new Date(atMs).getTimezoneOffset() * 60_000
  const fields = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  } as const
  const parts = new Intl.DateTimeFormat('en', { ...fields, hourCycle: 'h23', timeZone: zone }).formatToParts(atMs)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const wall = `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}:${of('second')}Z`
  return Date.parse(wall) - Math.floor(atMs / 1_000) * 1_000
}
