// The formats of the language and zone that this person chose, and a clock for ages.
import { useEffect, useMemo, useState } from 'react'
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

/** The wall clock in ms, read anew every `everyMs`: for ages. */
export function useNow(everyMs = 1_000): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return nowMs
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
