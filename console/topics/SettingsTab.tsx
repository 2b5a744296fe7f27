// The settings of a topic: what is set here, what is default, what each does. Edited in place, then reviewed as one change.
import { Button, Input } from 'antd'
import { Suspense, useState } from 'react'
import type { TopicSetting } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Panel } from '../grid/index.ts'
import { Tag } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import { useTopicSettings } from './api.ts'
import type { TabProps } from './tabs.ts'

const ChangeSettings = lazily(async () => (await import('./ChangeSettings.tsx')).ChangeSettings)

/** Kafka's way to say never. */
const never = '9223372036854775807'

/** What is to change: a value, or null for back to the default. */
type Edits = Readonly<Record<string, string | null>>

export function SettingsTab({ topic }: TabProps) {
  const { settings: text } = useText().topic
  const query = useTopicSettings()
  const [edits, setEdits] = useState<Edits>()
  const [isReviewed, setReviewed] = useState(false)
  const all = query.data?.items ?? []
  const changed = changesOf(edits ?? {}, topic.configs)
  const count = Object.keys(changed).length
  const set = (name: string, value: string | null) => setEdits({ ...edits, [name]: value })
  return (
    <>
      <Panel
        title={useText().topic.tabs.settings}
        query={query}
        lines={8}
        extra={
          <span className="panel-buttons">
            {edits === undefined && !topic.internal && <Button onClick={() => setEdits({})}>{text.edit}</Button>}
            {edits !== undefined && <Button onClick={() => setEdits(undefined)}>{text.discard}</Button>}
            {edits !== undefined && (
              <Button type="primary" disabled={count === 0} onClick={() => setReviewed(true)}>
                {text.review(count)}
              </Button>
            )}
          </span>
        }
      >
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{text.name}</th>
              <th scope="col">{text.value}</th>
              <th scope="col">{text.what}</th>
            </tr>
          </thead>
          <tbody>
            {all
              .filter(({ honoured }) => honoured)
              .map((setting) => (
                <SettingRow
                  key={setting.name}
                  setting={setting}
                  own={topic.configs[setting.name]}
                  edit={edits === undefined ? 'none' : edits[setting.name]}
                  onEdit={(value) => set(setting.name, value)}
                />
              ))}
          </tbody>
        </table>
        <FixedSettings settings={all.filter(({ honoured }) => !honoured)} />
      </Panel>
      {isReviewed && (
        <Suspense fallback={null}>
          <ChangeSettings
            topic={topic}
            changes={changed}
            onClose={() => setReviewed(false)}
            onDone={() => {
              setReviewed(false)
              setEdits(undefined)
            }}
          />
        </Suspense>
      )}
    </>
  )
}

/** Edits that change something. */
function changesOf(edits: Edits, own: Readonly<Record<string, string>>): Edits {
  return Object.fromEntries(Object.entries(edits).filter(([name, value]) => (own[name] ?? null) !== value))
}

interface SettingRowProps {
  readonly setting: TopicSetting
  readonly own: string | undefined
  /** 'none': nothing is edited; undefined: this one is as it was. */
  readonly edit: string | null | undefined
  readonly onEdit: (value: string | null) => void
}

function SettingRow({ setting, own, edit, onEdit }: SettingRowProps) {
  const { settings: text } = useText().topic
  const { name, expected, doc } = setting
  const isEditing = edit !== 'none'
  const given = edit === undefined || edit === 'none' ? (own ?? null) : edit
  return (
    <tr data-state={given === null ? 'default' : 'own'}>
      <th scope="row" className="mono">
        {name}
      </th>
      <td>
        {isEditing ? (
          <span className="setting-edit">
            <Input
              className="mono"
              aria-label={name}
              value={given ?? setting.default}
              onChange={({ target }) => onEdit(target.value)}
            />
            {given !== null && (
              <button type="button" className="text-button" onClick={() => onEdit(null)}>
                {text.reset}
              </button>
            )}
          </span>
        ) : (
          <>
            <span className="mono">{given ?? setting.default}</span>{' '}
            <InWords setting={setting} value={given ?? setting.default} />{' '}
            {given === null ? <span className="quiet">{text.byDefault}</span> : <Tag tone="ok">{text.own}</Tag>}
          </>
        )}
      </td>
      <td className="quiet">
        {text.docs[name] ?? doc} {isEditing && text.mustBe(text.expected[name] ?? expected)}
      </td>
    </tr>
  )
}

/** What a number of ms or bytes means. */
function InWords({ setting, value }: { readonly setting: TopicSetting; readonly value: string }) {
  const { settings: text } = useText().topic
  const formats = useFormats()
  const number = Number(value)
  const isNumber = setting.type === 'int' || setting.type === 'long'
  if (!isNumber || value.trim() === '' || !Number.isFinite(number)) return null
  if (value === never || number === -1) return <span>({text.noLimit})</span>
  if (setting.name.endsWith('.ms')) return <span>({formats.duration(number)})</span>
  return setting.name.endsWith('bytes') ? <span>({formats.bytes(number)})</span> : null
}

function FixedSettings({ settings }: { readonly settings: readonly TopicSetting[] }) {
  const { settings: text } = useText().topic
  if (settings.length === 0) return null
  return (
    <details className="fixed">
      <summary>{text.fixed(settings.length)}</summary>
      <table className="table">
        <tbody>
          {settings.map(({ name, expected, doc }) => (
            <tr key={name}>
              <th scope="row" className="mono">
                {name}
              </th>
              <td className="quiet">
                {doc} {text.mustBe(expected)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
