// Making a folder with those above it, one by one, and unmaking them: Node's own recursive mkdir never returns where the
// system refuses a folder with ENOENT (/proc), and does not say which ones it made.
import { accessSync, constants, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CommandError, codeOf } from '../errors.ts'

/** Makes the folder, and adds to `made` each one that was not there. Throws a CommandError, or the system's error. */
export function makeFolders(path: string, made: string[]): void {
  const missing: string[] = []
  let there = path
  while (!isThere(there)) {
    missing.push(there)
    there = dirname(there)
  }
  if (!statSync(there).isDirectory()) {
    throw new CommandError(`The data folder cannot be ${path}: ${there} is a file. Choose another with --data DIR.`)
  }
  accessSync(there, constants.W_OK | constants.X_OK)
  for (const folder of missing.reverse()) if (makeOne(folder)) made.push(folder)
}

/** Takes away what was made, the newest first, as far as it is empty. */
export function unmakeFolders(made: readonly string[]): void {
  for (const folder of made.toReversed()) {
    try {
      rmdirSync(folder)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return // somebody else uses it, or was faster
      throw error
    }
  }
}

/** False as well where a file stands in the way: then that file is found on the way up. */
function isThere(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
    throw error
  }
}

/** False: another process made it in between. */
function makeOne(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return false
    throw error
  }
}
