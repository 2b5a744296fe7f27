// Where a child prints what is not for its log: a file of bounded size, kept across its restarts.
import { mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Output {
  readonly fd: number
  /** Where what is written from now on begins in the file. */
  readonly start: number
}

/** For what a child prints: appends; a file that has grown beyond `bytesMax` becomes `<path>.1` first. The caller closes it. */
export function openOutput(path: string, bytesMax = 1 << 20): Output {
  mkdirSync(dirname(path), { recursive: true })
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > bytesMax) renameSync(path, `${path}.1`)
  return { fd: openSync(path, 'a'), start: size > bytesMax ? 0 : size }
}
