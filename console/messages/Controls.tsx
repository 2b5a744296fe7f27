// Where to begin, which partition, what to look for, and whether to follow: all of it in the address.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useText } from '../catalogue/index.ts'
import { instantOf, wallText, zoneChoice } from '../formats/index.ts'
import { ChoiceFilter, Icon } from '../shell/index.ts'
import { usePreference } from '../shell/preferences.ts'
import { setQueryValues } from '../url/index.ts'
import { agos, type Start } from './range.ts'
import type { Asked } from './use-reader.ts'

interface ControlsProps {
  readonly asked: Asked
  readonly partitions: number
  readonly produce: ReactNode
}

export function Controls({ asked, partitions, produce }: ControlsProps) {
  const { messages: text } = useText()
  const ids = Array.from({ length: partitions }, (_, id) => ({ value: String(id), text: text.partitionOf(id) }))
  return (
    <div className="filters">
      <StartChoice start={asked.start} />
      <ChoiceFilter
        name="partition"
        label={text.partition}
        options={[{ value: '', text: text.allPartitions }, ...ids]}
      />
      <SlowInput name="key" label={text.key} value={asked.key} />
      <SlowInput name="contains" label={text.contains} value={asked.contains} isFirst />
      <button
        type="button"
        className="follow"
        aria-pressed={asked.isLive}
        data-state={asked.isLive ? 'following' : 'paused'}
        onClick={() => setQueryValues({ live: asked.isLive ? '' : '1' })}
      >
        <Icon name={asked.isLive ? 'pause' : 'play'} />
        {asked.isLive ? text.pause : text.follow}
      </button>
      <span className="filters-end">{produce}</span>
    </div>
  )
}

const kinds = ['latest', 'earliest', 'offset', 'time', ...(Object.keys(agos) as (keyof typeof agos)[])] as const
const hourMs = 3_600_000

function StartChoice({ start }: { readonly start: Start }) {
  const { messages: text } = useText()
  const chosen = start.kind === 'ago' ? start.ago : start.kind
  const choose = (kind: string) => {
    const values: Readonly<Record<string, string>> = {
      latest: '',
      offset: '0',
      time: new Date(Math.floor((Date.now() - hourMs) / 1_000) * 1_000).toISOString(),
    }
    setQueryValues({ from: values[kind] ?? kind })
  }
  return (
    <>
      <select
        className="control"
        aria-label={text.start}
        value={chosen}
        onChange={({ target }) => choose(target.value)}
      >
        {kinds.map((kind) => (
          <option key={kind} value={kind}>
            {text.starts[kind]}
          </option>
        ))}
      </select>
      {start.kind === 'offset' && <OffsetInput offset={start.offset} />}
      {start.kind === 'time' && <TimeInput atMs={start.atMs} />}
    </>
  )
}

function OffsetInput({ offset }: { readonly offset: number }) {
  const { messages: text } = useText()
  const [typed, setTyped] = useSettled(String(offset), (value) => {
    if (/^\d{1,15}$/.test(value)) setQueryValues({ from: value })
  })
  return (
    <input
      className="control offset-input"
      aria-label={text.offset}
      inputMode="numeric"
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
    />
  )
}

/** In the zone that the page shows all times in, and by 24 hours: the browser's own picker knows neither. */
function TimeInput({ atMs }: { readonly atMs: number }) {
  const { messages: text } = useText()
  const zone = usePreference(zoneChoice)
  const zoneName = zone === 'local' || zone === 'utc' ? text.zones[zone] : zone
  const readTyped = (value: string) => instantOf(value.trim().replace(' ', 'T'), zone)
  const [typed, setTyped] = useSettled(wallText(atMs, zone).replace('T', ' '), (value) => {
    const instantMs = readTyped(value)
    if (instantMs !== undefined) setQueryValues({ from: new Date(instantMs).toISOString() })
  })
  return (
    <input
      className="control time-input"
      aria-invalid={readTyped(typed) === undefined}
      spellCheck={false}
      aria-label={text.time(zoneName)}
      title={text.time(zoneName)}
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
    />
  )
}

interface SlowInputProps {
  readonly name: 'key' | 'contains'
  readonly label: string
  readonly value: string
  /** `/` leads to it. */
  readonly isFirst?: boolean
}

/** Each change would be a new reading, so it waits until nobody types. */
function SlowInput({ name, label, value, isFirst = false }: SlowInputProps) {
  const input = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useSettled(value, (settled) => setQueryValues({ [name]: settled }))
  useEffect(() => {
    if (!isFirst) return undefined
    const press = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select') !== null
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [isFirst])
  return (
    <input
      ref={input}
      className="control text-input"
      type="search"
      aria-label={label}
      placeholder={label}
      maxLength={1_000}
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
      onKeyDown={({ key }) => key === 'Escape' && setTyped('')}
    />
  )
}

const settleMs = 300

/** What is typed, told when it has settled; a value that changes from elsewhere (back, a link) is shown. */
function useSettled(value: string, onSettled: (value: string) => void): [string, (value: string) => void] {
  const [typed, setTyped] = useState(value)
  const [shown, setShown] = useState(value)
  const settled = useRef(onSettled)
  useEffect(() => {
    settled.current = onSettled
  })
  if (shown !== value) {
    setShown(value)
    setTyped(value)
  }
  useEffect(() => {
    if (typed === value) return undefined
    const timer = setTimeout(() => settled.current(typed), settleMs)
    return () => clearTimeout(timer)
  }, [typed, value])
  return [typed, setTyped]
}
