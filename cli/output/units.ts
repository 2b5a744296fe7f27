// Quantities as people read them.

const steps = [
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
] as const

/** 512 B, 1.5 KiB, 20 MiB. */
export function bytesText(bytes: number): string {
  const [unit, size] = steps.findLast(([, each]) => bytes >= each) ?? ['B', 1]
  const amount = bytes / size
  return `${unit === 'B' || amount >= 100 ? Math.round(amount) : amount.toFixed(1).replace(/\.0$/, '')} ${unit}`
}

/** 12,345 */
export function countText(count: number): string {
  return count.toLocaleString('en-US')
}

/** 1 message, 12,345 messages */
export function counted(count: number, what: string): string {
  return `${countText(count)} ${what}${count === 1 ? '' : 's'}`
}

/** 3 s, 12 min, 5 h, 2 d; 0 ms is no age. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000
  if (seconds < 1) return `${Math.round(Math.max(0, ms))} ms`
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** ISO 8601 in UTC; a number that is no time (a producer may write anything) as it is; null: there is none. */
export function timeText(ms: number): string | null {
  if (ms < 0) return null
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString()
}
