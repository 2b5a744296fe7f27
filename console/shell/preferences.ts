// What a person chose for this browser: theme, language, time zone. Kept in the browser's storage, so it holds in every tab;
// where storage is forbidden it holds as long as the tab.
import { useSyncExternalStore } from 'react'

export interface Preference<Value extends string> {
  get(): Value
  set(value: Value): void
  subscribe(listener: () => void): () => void
}

/** A preference under `castellan.<name>`. What storage holds and `isValid` does not know counts as `fallback`. */
export function preference<Value extends string>(
  name: string,
  fallback: Value,
  isValid: (text: string) => text is Value,
): Preference<Value> {
  const key = `castellan.${name}`
  const listeners = new Set<() => void>()
  const read = () => {
    const stored = readStorage(key)
    return stored !== null && isValid(stored) ? stored : fallback
  }
  let value = read()
  const change = (next: Value) => {
    value = next
    for (const listener of listeners) listener()
  }
  window.addEventListener('storage', (event) => {
    if (event.key === key) change(read())
  })
  return {
    get: () => value,
    set: (next) => {
      writeStorage(key, next)
      change(next)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function usePreference<Value extends string>({ subscribe, get }: Preference<Value>): Value {
  return useSyncExternalStore(subscribe, get)
}

function readStorage(key: string): string | null {
  try {
    return window.localStorage.getItem(key)
  } catch (error) {
    return forbidden(error)
  }
}

function writeStorage(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value)
  } catch (error) {
    forbidden(error)
  }
}

function forbidden(error: unknown): null {
  if (error instanceof DOMException) return null
  throw error
}
