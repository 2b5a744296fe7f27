// "Scanned a–b of N, continue": what was looked at, always, so that nothing is missed silently.
import { useText } from '../catalogue/index.ts'
import { type Formats, useFormats } from '../formats/index.ts'
import { Tag } from '../shell/index.ts'
import { progressOf, type Reading } from './reading.ts'
import type { Asked, Reads } from './use-reader.ts'

export function Progress({ reads, asked }: { readonly reads: Reads; readonly asked: Asked }) {
  const { messages: text } = useText()
  const { reading, activity } = reads
  const words = useWords(reads, asked)
  const canGoOn = activity === 'idle' && reading.next !== undefined && (!reading.isComplete || reads.error !== null)
  return (
    <div className="progress" data-state={activity} data-value={reading.found}>
      <span className="number" title={detailsOf(reading)}>
        {words.join(' · ')}
      </span>
      {canGoOn && (
        <button type="button" className="text-button" onClick={reads.more}>
          {text.goOn}
        </button>
      )}
      {activity === 'more' && (
        <button type="button" className="text-button" onClick={reads.stop}>
          {text.stop}
        </button>
      )}
      {reading.unreadable.length > 0 && (
        <Tag tone="bad" title={reading.unreadable.map(unreadableText).join('\n')}>
          {text.unreadable(reading.unreadable.length)}
        </Tag>
      )}
      {reading.problem !== null && <Tag tone="warn">{text.partial(reading.problem)}</Tag>}
    </div>
  )
}

function useWords({ reading, activity }: Reads, { start, isLive }: Asked): string[] {
  const { messages: text } = useText()
  const formats = useFormats()
  if (reading.next === undefined) return activity === 'idle' ? [] : [text.reading]
  const words = [scannedWords(reading, text, formats)]
  if (start.kind === 'latest' && !isLive && progressOf(reading).looked > 0) words.push(text.newestOnly)
  words.push(text.found(reading.found))
  if (reading.found > reading.rows.length) words.push(text.keptOnly(reading.rows.length))
  if (activity === 'following') words.push(text.waiting)
  else if (activity !== 'idle') words.push(text.reading)
  else if (reading.isComplete) words.push(text.atEnd)
  return words
}

function scannedWords(reading: Reading, text: ReturnType<typeof useText>['messages'], formats: Formats): string {
  const [only, ...others] = reading.scanned
  if (only !== undefined && only.end !== null && others.length === 0) {
    const end = formats.id(only.end)
    if (only.to === only.from) return text.scannedNone(end)
    return text.scannedOne(formats.id(only.from), formats.id(only.to - 1), end)
  }
  const { looked, all } = progressOf(reading)
  const known = reading.scanned.filter(({ end }) => end !== null).length
  return text.scannedAll(formats.count(looked), formats.count(all), known)
}

/** Of each partition: offsets looked at, and where it ends. */
function detailsOf({ scanned }: Reading): string {
  return scanned.map(({ partition, from, to, end }) => `${partition}: ${from}–${to} / ${end ?? '?'}`).join('\n')
}

function unreadableText({ partition, from, to, why }: Reading['unreadable'][number]): string {
  return `${partition}@${from}–${to - 1}: ${why}`
}
