// Changes the text of files as Node loads them, in this thread alone. Must come before what is to be changed.
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { PlantedBug } from './bugs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Returns what was not found so far: files that were not loaded yet, or texts that are not in them. */
export function plant({ changes }: PlantedBug): () => string[] {
  const left = new Set(changes)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const meant = changes.filter(({ file }) => url === `file://${root}${file}`)
      if (meant.length === 0 || !loaded.source) return loaded
      let text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      for (const change of meant) {
        if (text.split(change.find).length !== 2) continue
        text = text.replace(change.find, () => change.replace)
        left.delete(change)
      }
      return { ...loaded, source: text }
    },
  })
  return () => [...left].map(({ file, find }) => `${file}: ${find}`)
}
