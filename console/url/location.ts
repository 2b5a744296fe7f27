// Where the person is: the address of the browser is the only place where a view's state lives, so back, forward, reload and a
// link sent to a colleague all show the same.
import { useCallback, useSyncExternalStore } from 'react'

const listeners = new Set<() => void>()

function tell(): void {
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener('popstate', tell)
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) window.removeEventListener('popstate', tell)
  }
}

/** Goes to an address of the console. `replace`: back leads past the present one, as for a filter while it is typed. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === window.location.pathname + window.location.search) return
  if (replace) window.history.replaceState(null, '', to)
  else window.history.pushState(null, '', to)
  tell()
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname)
}

export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search)
}

/**
 * One value of the query, and how to change it: `const [q, setQ] = useQueryValue('q')`. '' stands for none, and takes it out of
 * the address. A change replaces the address unless `push` says that back should undo it (a drawer, a tab).
 */
export function useQueryValue(
  name: string,
  { push = false }: { push?: boolean } = {},
): [value: string, set: (value: string) => void] {
  const value = new URLSearchParams(useSearch()).get(name) ?? ''
  const set = useCallback((next: string) => setQueryValues({ [name]: next }, { push }), [name, push])
  return [value, set]
}

/** Changes several values of the query at once; '' takes one out. */
export function setQueryValues(values: Readonly<Record<string, string>>, { push = false } = {}): void {
  const search = new URLSearchParams(window.location.search)
  for (const [name, value] of Object.entries(values)) {
    if (value === '') search.delete(name)
    else search.set(name, value)
  }
  const text = search.toString()
  navigate(window.location.pathname + (text === '' ? '' : `?${text}`), { replace: !push })
}
