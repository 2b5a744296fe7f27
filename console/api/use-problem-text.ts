// A problem in the person's language: by its code where the catalogue knows it, else Castle's own words.
import { useCallback } from 'react'
import { useText } from '../catalogue/index.ts'
import type { Problem } from './problem.ts'

/** What happened, and what to do about it (may be ''). */
export function useProblemText(): (problem: Problem) => { what: string; next: string } {
  const { errors } = useText()
  return useCallback(
    ({ code, params, detail, next }: Problem) => {
      if (code === 'CASTLE_AWAY') return { what: errors.away, next: errors.awayNext }
      if (code === 'CASTLE_SLOW') return { what: errors.slow, next: errors.awayNext }
      if (code === 'ANSWER_UNREADABLE') return { what: errors.unreadable, next: errors.unreadableNext }
      const known = errors.byCode[code]
      // Castle's detail ends with what to do.
      const what =
        known?.(params) ?? (next !== '' && detail.endsWith(next) ? detail.slice(0, -next.length).trim() : detail)
      return { what, next: errors.next[code] ?? next }
    },
    [errors],
  )
}
