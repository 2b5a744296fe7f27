// A message's value as JSON, text or hex: what it is, unless the person chose (`view=` in the address).
import { useMemo } from 'react'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { CopyButton, Tag } from '../shell/index.ts'
import { useQueryValue } from '../url/index.ts'
import type { Bytes } from './api.ts'
import { bytesOf, hexDump, visible } from './bytes.ts'
import { jsonTokens, type Token } from './json.ts'

type View = 'json' | 'text' | 'hex'

interface ValueProps {
  readonly value: Bytes
  /** The whole length: what is shown may be cut. */
  readonly bytes: number
}

export function Value({ value, bytes }: ValueProps) {
  const { messages: text } = useText()
  const formats = useFormats()
  const [chosen, choose] = useQueryValue('view')
  const written = value !== null && 'text' in value ? value.text : undefined
  const tokens = useMemo(() => (written === undefined ? undefined : jsonTokens(written)), [written])
  const views: readonly View[] = [
    ...(tokens === undefined ? [] : (['json'] as const)),
    ...(written === undefined ? [] : (['text'] as const)),
    'hex',
  ]
  const view = views.find((each) => each === chosen) ?? views[0] ?? 'hex'
  const shown = useMemo(() => (value === null ? '' : shownText(value, view, tokens)), [value, view, tokens])
  return (
    <section>
      <header className="value-head">
        <h2>{text.columns.value}</h2>
        <span className="quiet number">{formats.bytes(bytes)}</span>
        {value !== null && (
          <fieldset className="views" aria-label={text.viewsLabel}>
            {views.map((each) => (
              <button
                key={each}
                type="button"
                aria-pressed={each === view}
                className="view"
                onClick={() => choose(each === views[0] ? '' : each)}
              >
                {text.views[each]}
              </button>
            ))}
          </fieldset>
        )}
        {value !== null && <CopyButton text={view === 'text' ? (written ?? '') : shown} label={text.copyValue} />}
      </header>
      {value?.truncated === true && (
        <p>
          <Tag tone="warn" state="truncated">
            {text.cut(formats.bytes(bytesOf(value).length), formats.bytes(bytes))}
          </Tag>
        </p>
      )}
      {value === null && <p className="quiet">{text.tombstone}</p>}
      {value !== null && bytes === 0 && <p className="quiet">{text.empty}</p>}
      {value !== null && bytes > 0 && (
        <pre className="mono value" data-state={view}>
          {view === 'json' && tokens !== undefined ? <Json tokens={tokens} /> : visible(shown)}
        </pre>
      )}
    </section>
  )
}

function shownText(value: NonNullable<Bytes>, view: View, tokens: readonly Token[] | undefined): string {
  if (view === 'json') return tokens?.map(({ text }) => text).join('') ?? ''
  return view === 'text' && 'text' in value ? value.text : hexDump(bytesOf(value))
}

/** So many parts are told apart by weight; longer values are one plain text, which the browser draws at once. */
const partsMax = 5_000

function Json({ tokens }: { readonly tokens: readonly Token[] }) {
  if (tokens.length > partsMax) return visible(tokens.map(({ text }) => text).join(''))
  return tokens.map(({ kind, text }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tokens of one text never change places.
    <span key={index} className={`json-${kind}`}>
      {visible(text)}
    </span>
  ))
}
