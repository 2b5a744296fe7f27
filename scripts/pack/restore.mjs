// Puts a package's own package.json back after `npm pack` (stageInPlace in pack.ts): its postpack. Plain JavaScript, for the launcher would
// install anew for the package.json that stands there meanwhile.
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'

export const workspaceManifest = 'package.json.workspace'

/** @param {string} home The package's folder. */
export function restore(home) {
  const kept = join(home, workspaceManifest)
  if (existsSync(kept)) renameSync(kept, join(home, 'package.json'))
}

if (process.argv[1] === import.meta.filename) restore(process.cwd())
