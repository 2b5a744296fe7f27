// How figures and times are written, pure: what to write depends on the language and zone given, never on a global.
//
// Offsets and ids are written as they are, digit by digit; only counts are grouped. Sizes are KiB and MiB. Hours run from 00 to 23
// (`hourCycle: 'h23'`: with `hour12: false` browsers print 24:15).

export type Language = 'en' | 'zh-CN'
/** 'local', 'utc', or an IANA name such as 'Asia/Shanghai'. */
export type Zone = string

export interface Formats {
  /** A count, grouped: 1,234,567. */
  count(value: number): string
  /** An offset, id or epoch: digits only. */
  id(value: number | string): string
  /** A version of Castle's, `epoch.change`: its 32 low bits count changes, those above are the Castle epoch. */
  version(value: number): string
  bytes(value: number): string
  percent(ratio: number): string
  /** How long something took or lasts: '38 ms', '1.2 s', '3 min'. */
  duration(ms: number): string
  /** How long ago, in whole units: 'now', '5 s ago', '3 min ago', '2 d ago'. */
  age(ms: number): string
  /** Date and time to the second, with the zone where it is not the browser's own. */
  time(at: string | number): string
  /** The same to the millisecond. */
  exactTime(at: string | number): string
  /** Time of day to the second. */
  clock(at: string | number): string
}

export function makeFormats(language: Language, zone: Zone): Formats {
  const counts = new Intl.NumberFormat(language)
  const oneDigit = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const timeZone = zone === 'local' ? undefined : zone === 'utc' ? 'UTC' : zone
  const zoned = { hourCycle: 'h23', ...(timeZone === undefined ? {} : { timeZone }) } as const
  const hours = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
  const parts = new Intl.DateTimeFormat('en', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...hours,
    ...zoned,
  })
  const clock = new Intl.DateTimeFormat('en', { ...hours, ...zoned })
  const writeTime = (at: string | number, fraction: string) => {
    const found = parts.formatToParts(new Date(at))
    const of = (type: string) => found.find((part) => part.type === type)?.value ?? ''
    const suffix = zone === 'local' ? '' : zone === 'utc' ? ' UTC' : ` ${zone}`
    return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')}${fraction}${suffix}`
  }
  const ago = language === 'en' ? agoInEnglish : agoInChinese
  return {
    count: (value) => counts.format(value),
    id: (value) => String(value),
    version: (value) => `${Math.floor(value / 2 ** 32)}.${value % 2 ** 32}`,
    bytes: (value) => bytes(value, oneDigit),
    percent: (ratio) => `${oneDigit.format(ratio * 100)} %`,
    duration: (ms) => duration(ms, oneDigit),
    age: ago,
    time: (at) => writeTime(at, ''),
    // Zones differ by whole seconds at least.
    exactTime: (at) => writeTime(at, `.${String(new Date(at).getUTCMilliseconds()).padStart(3, '0')}`),
    clock: (at) => clock.format(new Date(at)),
  }
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

function bytes(value: number, format: Intl.NumberFormat): string {
  let unit = 0
  let rest = value
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024
    unit += 1
  }
  return `${format.format(rest)} ${units[unit]}`
}

function duration(ms: number, format: Intl.NumberFormat): string {
  if (ms < 1_000) return `${format.format(ms < 10 ? ms : Math.round(ms))} ms`
  if (ms < 60_000) return `${format.format(ms / 1_000)} s`
  if (ms < 3_600_000) return `${format.format(Math.floor(ms / 6_000) / 10)} min`
  if (ms < 86_400_000) return `${format.format(Math.floor(ms / 360_000) / 10)} h`
  return `${format.format(Math.floor(ms / 8_640_000) / 10)} d`
}

function wholeUnits(ms: number): [value: number, unit: 's' | 'min' | 'h' | 'd'] {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return [seconds, 's']
  if (seconds < 3_600) return [Math.floor(seconds / 60), 'min']
  if (seconds < 86_400) return [Math.floor(seconds / 3_600), 'h']
  return [Math.floor(seconds / 86_400), 'd']
}

function agoInEnglish(ms: number): string {
  const [value, unit] = wholeUnits(ms)
  return value === 0 ? 'now' : `${value} ${unit} ago`
}

const chineseUnits = { s: '秒', min: '分钟', h: '小时', d: '天' }

function agoInChinese(ms: number): string {
  const [value, unit] = wholeUnits(ms)
  return value === 0 ? '刚刚' : `${value} ${chineseUnits[unit]}前`
}
