// A point in time: the date and how long ago it was, always together.
import { useFormats, useNow } from './use-formats.ts'

export function Moment({ at, isExact = false }: { readonly at: string | number; readonly isExact?: boolean }) {
  const formats = useFormats()
  const ageMs = useNow() - new Date(at).getTime()
  return (
    <time dateTime={new Date(at).toISOString()} className="number">
      {isExact ? formats.exactTime(at) : formats.time(at)} <span className="quiet">({formats.age(ageMs)})</span>
    </time>
  )
}

/** Only the age, for narrow columns; the date on hover. */
export function Age({ at }: { readonly at: string | number }) {
  const formats = useFormats()
  const ageMs = useNow() - new Date(at).getTime()
  return (
    <time dateTime={new Date(at).toISOString()} className="number" title={formats.time(at)}>
      {formats.age(ageMs)}
    </time>
  )
}
