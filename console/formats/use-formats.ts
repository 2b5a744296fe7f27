// The formats of the language and zone that this person chose, and a clock for ages.
import { useMemo, useSyncExternalStore } from 'react'
import { useLanguage } from '../catalogue/language.ts'
import { preference, usePreference } from '../shell/preferences.ts'
import { type Formats, makeFormats, type Zone } from './formats.ts'

export const zoneChoice = preference<Zone>('zone', 'local', isZone)

/** Every figure and time on a page is written by these. */
export function useFormats(): Formats {
  const language = useLanguage()
  const zone = usePreference(zoneChoice)
  return useMemo(() => makeFormats(language, zone), [language, zone])
}

let nowMs = Date.now()
const tickers = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for all ages of the page. */
function subscribeToSeconds(listener: () => void): () => void {
  tickers.add(listener)
  nowMs = Date.now()
  timer ??= setInterval(() => {
    nowMs = Date.now()
    for (const ticker of tickers) ticker()
  }, 1_000)
  return () => {
    tickers.delete(listener)
    if (tickers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The wall clock in ms, read anew each second: for ages. */
export function useNow(): number {
  return useSyncExternalStore(subscribeToSeconds, () => nowMs)
}

export function isZone(text: string): text is Zone {
  if (text === 'local' || text === 'utc') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
