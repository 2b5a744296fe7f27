// One message beside the table: where it stands, key, headers, value. Its address is a permalink, so it is also read by itself; where
// nothing stands there, it says what is known of the place.
import { Drawer } from 'antd'
import type { ReactNode } from 'react'
import { problemOf, useProblemText } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Moment, useFormats } from '../formats/index.ts'
import { CopyButton, Tag } from '../shell/index.ts'
import { Link, searchOf } from '../url/index.ts'
import { type Message, type TopicName, useMessageAt } from './api.ts'
import { previewOf, visible } from './bytes.ts'
import { type Place, placeText } from './range.ts'
import { Value } from './Value.tsx'

interface MessageDrawerProps {
  readonly name: TopicName
  readonly place: Place
  /** From the table, when it is there. */
  readonly known: Message | undefined
  readonly onClose: () => void
}

export function MessageDrawer({ name, place, known, onClose }: MessageDrawerProps) {
  const { messages: text, shell } = useText()
  const { data, error } = useMessageAt(name, place, known === undefined)
  const found = data?.items.find(({ offset }) => offset === place.offset)
  const message = known ?? found
  const where = `${name.topic}/${placeText(place)}`
  return (
    <Drawer
      open
      size={640}
      mask={false}
      title={text.message(where)}
      closable={{ 'aria-label': text.close }}
      onClose={onClose}
      extra={<Neighbours place={place} />}
    >
      <div className="message" data-key={placeText(place)}>
        {message !== undefined && <Content message={message} />}
        {message === undefined && data !== undefined && <Missing place={place} page={data} />}
        {message === undefined && error !== null && <Failed error={error} />}
        {message === undefined && data === undefined && error === null && (
          <p className="quiet late" role="status">
            {shell.loading}
          </p>
        )}
      </div>
    </Drawer>
  )
}

function addressOf(place: Place): string {
  const search = Object.fromEntries(new URLSearchParams(window.location.search))
  return window.location.pathname + searchOf({ ...search, message: placeText(place) })
}

function Neighbours({ place }: { readonly place: Place }) {
  const { messages: text } = useText()
  const { partition, offset } = place
  return (
    <span className="neighbours">
      {offset > 0 && <Link to={addressOf({ partition, offset: offset - 1 })}>{text.before}</Link>}
      <Link to={addressOf({ partition, offset: offset + 1 })}>{text.after}</Link>
    </span>
  )
}

function Content({ message }: { readonly message: Message }) {
  const { messages: text } = useText()
  const { timestamp, key, value, headers, headersLeftOut, partition, offset } = message
  const formats = useFormats()
  return (
    <>
      <dl className="facts">
        <dt>{text.columns.partition}</dt>
        <dd className="number">{partition}</dd>
        <dt>{text.columns.offset}</dt>
        <dd className="number">{formats.id(offset)}</dd>
        <dt>{text.columns.time}</dt>
        <dd>{timestamp === null ? text.noTime : <Moment at={timestamp} isExact />}</dd>
        <dt>{text.columns.key}</dt>
        <dd className="key-line">
          {key === null ? (
            <span className="quiet">{text.noKey}</span>
          ) : (
            <>
              {message.keyBytes === 0 ? (
                <span className="quiet">{text.noBytes}</span>
              ) : (
                <span className="mono wrapped">{'text' in key ? visible(key.text) : previewOf(key)}</span>
              )}
              <CopyButton text={'text' in key ? key.text : key.base64} label={text.copyKey} />
            </>
          )}
        </dd>
      </dl>
      <Headers headers={headers} leftOut={headersLeftOut} />
      <Value value={value} bytes={message.valueBytes} />
      <p>
        <CopyButton text={window.location.origin + addressOf({ partition, offset })} label={text.copyLink} />
      </p>
    </>
  )
}

function Headers({ headers, leftOut }: { readonly headers: Message['headers']; readonly leftOut: number }) {
  const { messages: text } = useText()
  return (
    <section>
      <h2>{text.headers(headers.length + leftOut)}</h2>
      {headers.length === 0 && <p className="quiet">{text.headersNone}</p>}
      <dl className="facts header-list">
        {headers.map(({ name, value }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a name may stand several times, and the list never changes.
          <HeaderLine key={index} name={name} value={value} />
        ))}
      </dl>
      {leftOut > 0 && <Tag tone="warn">{text.headersMore(leftOut)}</Tag>}
    </section>
  )
}

function HeaderLine({ name, value }: Message['headers'][number]) {
  const { messages: text } = useText()
  return (
    <>
      <dt className="mono">{visible(name)}</dt>
      <dd className="mono wrapped">
        {value === null ? (
          <span className="quiet">{text.noValue}</span>
        ) : 'text' in value ? (
          visible(value.text)
        ) : (
          previewOf(value)
        )}
      </dd>
    </>
  )
}

type Page = NonNullable<ReturnType<typeof useMessageAt>['data']>

/** Nothing stands at this offset: what is known of it. */
function Missing({ place, page }: { readonly place: Place; readonly page: Page }) {
  const { messages: text } = useText()
  const formats = useFormats()
  const { partition, offset } = place
  const scanned = page.scanned.find((each) => each.partition === partition)
  const unreadable = page.unreadable.find((each) => each.from <= offset && offset < each.to)
  const next = page.items[0]?.offset
  const say = (state: string, words: string, to?: number): ReactNode => (
    <div className="grid-empty" data-state={state}>
      <p>{words}</p>
      {to !== undefined && <Link to={addressOf({ partition, offset: to })}>{text.gone.toNext}</Link>}
    </div>
  )
  if (unreadable !== undefined) return say('unreadable', text.gone.unreadable(unreadable.why), unreadable.to)
  if (scanned === undefined || scanned.end === null) return say('unknown', text.gone.unknown(page.problem ?? ''))
  if (offset >= scanned.end) return say('not-yet', text.gone.notYet(formats.id(scanned.end)))
  if (offset < scanned.from) return say('before', text.gone.before(formats.id(scanned.from)), scanned.from)
  if (next !== undefined) return say('between', text.gone.between(formats.id(next)), next)
  return say('between', text.gone.notYet(formats.id(scanned.end)))
}

function Failed({ error }: { readonly error: Error }) {
  const { grid } = useText()
  const { what, next } = useProblemText()(problemOf(error))
  return (
    <p className="notice notice-bad" role="alert">
      {grid.failed} {what} {next}
    </p>
  )
}
