// What stands above a table: words to search for and choices, all of them in the address.
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { useQueryValue } from '../url/index.ts'
import { Icon } from './icons.tsx'

/** Filters by words: `name` is theirs in the address. `/` leads here from anywhere on the page, Esc clears. */
export function SearchBox({ name = 'q', label }: { readonly name?: string; readonly label: string }) {
  const [value, setValue] = useQueryValue(name)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const press = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || isTyping(event.target) || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
  const leave = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    setValue('')
    input.current?.blur()
  }
  return (
    <span className="search">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        value={value}
        aria-label={label}
        placeholder={label}
        onChange={({ target }) => setValue(target.value)}
        onKeyDown={leave}
      />
      <span className="key" aria-hidden="true">
        /
      </span>
    </span>
  )
}

interface ChoiceFilterProps {
  readonly name: string
  readonly label: string
  /** The first is what no choice means; its value is ''. */
  readonly options: readonly { readonly value: string; readonly text: string }[]
}

export function ChoiceFilter({ name, label, options }: ChoiceFilterProps) {
  const [value, setValue] = useQueryValue(name)
  return (
    <select className="control" aria-label={label} value={value} onChange={({ target }) => setValue(target.value)}>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.text}
        </option>
      ))}
    </select>
  )
}

/** On or off: '1' in the address, or nothing. */
export function SwitchFilter({ name, label }: { readonly name: string; readonly label: string }) {
  const [value, setValue] = useQueryValue(name)
  return (
    <label className="check">
      <input type="checkbox" checked={value === '1'} onChange={({ target }) => setValue(target.checked ? '1' : '')} />
      {label}
    </label>
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null
}
