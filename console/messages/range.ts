// Where reading begins, and the place of one message, as they stand in the address: pure.
//
//   from=            the newest            from=1200                      an offset
//   from=earliest    the beginning         from=2026-01-31T12:00:00Z      a time
//                                          from=-15m                      so long ago, anew whenever it is read

export const agos = { '-15m': 15 * 60_000, '-1h': 3_600_000, '-24h': 86_400_000 } as const
export type Ago = keyof typeof agos

export type Start =
  | { readonly kind: 'latest' | 'earliest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'ago'; readonly ago: Ago }

/** What is mistyped counts as the newest. */
export function readStart(text: string): Start {
  if (text === 'earliest') return { kind: 'earliest' }
  if (/^\d{1,15}$/.test(text)) return { kind: 'offset', offset: Number(text) }
  if (Object.hasOwn(agos, text)) return { kind: 'ago', ago: text as Ago }
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  return atMs >= 0 ? { kind: 'time', atMs } : { kind: 'latest' }
}

/** As Castle takes it. */
export function askedOf(start: Start, nowMs: number): string {
  switch (start.kind) {
    case 'latest':
    case 'earliest':
      return start.kind
    case 'offset':
      return String(start.offset)
    case 'time':
      return new Date(start.atMs).toISOString()
    case 'ago':
      return new Date(nowMs - agos[start.ago]).toISOString()
  }
}

export interface Place {
  readonly partition: number
  readonly offset: number
}

/** `3@1200`. */
export function readPlace(text: string): Place | undefined {
  const found = /^(\d{1,7})@(\d{1,16})$/.exec(text)
  if (found === null) return undefined
  const offset = Number(found[2])
  return Number.isSafeInteger(offset) ? { partition: Number(found[1]), offset } : undefined
}

export function placeText({ partition, offset }: Place): string {
  return `${partition}@${offset}`
}
