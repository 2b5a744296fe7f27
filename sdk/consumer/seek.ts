// What `seek` accepts.
import { CastellanError } from '../errors.ts'
import type { SeekTo } from './types.ts'

/** Throws OPTION_WRONG. */
export function checkSeek(to: SeekTo): void {
  const isRight =
    to === 'earliest' ||
    to === 'latest' ||
    (to instanceof Date && to.getTime() >= 0) ||
    (Number.isSafeInteger(to) && (to as number) >= 0)
  if (isRight) return
  const text = "an offset from 0, 'earliest', 'latest', or a Date since 1970"
  throw new CastellanError('OPTION_WRONG', `seek: its goal must be ${text}, not ${String(to)}`)
}
