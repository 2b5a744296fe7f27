// Rooms that load when they are first needed, and what happens when they cannot: while Castle is away the load is tried again until it
// is back; when Castle serves a newer console, whose files have other names, the page is loaded anew.
import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

const retryMs = 1_000
const reloadedKey = 'castellan.reloaded'

/** `const Page = lazily(async () => (await import('./Page.tsx')).Page)`. Throws into the error boundary when nothing helps. */
export function lazily<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => ({ default: await untilLoaded(load) }))
}

async function untilLoaded<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  for (;;) {
    try {
      return await load()
    } catch (error) {
      if (await isCastleThere()) return reload(error)
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}

async function isCastleThere(): Promise<boolean> {
  try {
    return (await fetch('/api/health')).ok
  } catch (error) {
    if (error instanceof TypeError) return false // as fetch says that nobody answered
    throw error
  }
}

/** Once: a file that is missing after that is missing for another reason. */
function reload(error: unknown): Promise<never> {
  const isSecond = window.history.state?.[reloadedKey] === window.location.pathname
  if (isSecond) throw error
  window.history.replaceState({ [reloadedKey]: window.location.pathname }, '')
  window.location.reload()
  return new Promise(() => {})
}
