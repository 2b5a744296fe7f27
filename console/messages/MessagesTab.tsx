// /topics/:cluster/:topic/messages?from&partition&key&contains&live&message&dialog: what is in it, from where one likes, as it comes.
// `message=3@1200` is the drawer of one message: an address to send to a colleague.
import { Button } from 'antd'
import { Suspense } from 'react'
import { useText } from '../catalogue/index.ts'
import { Icon } from '../shell/index.ts'
import { lazily } from '../shell/lazily.ts'
import type { TabProps } from '../topics/tabs.ts'
import { setQueryValues, useQueryValue } from '../url/index.ts'
import { Controls } from './Controls.tsx'
import { MessageTable } from './MessageTable.tsx'
import './messages.css'
import { Progress } from './Progress.tsx'
import { readPlace } from './range.ts'
import { type Asked, useAsked, useReader } from './use-reader.ts'

const MessageDrawer = lazily(async () => (await import('./MessageDrawer.tsx')).MessageDrawer)
const Produce = lazily(async () => (await import('./Produce.tsx')).Produce)

export function MessagesTab({ topic }: TabProps) {
  const { messages: text } = useText()
  const name = { cluster: topic.cluster, topic: topic.name }
  const asked = useAsked()
  const reads = useReader(name, asked)
  const [dialog, setDialog] = useQueryValue('dialog', { push: true })
  const [message, setMessage] = useQueryValue('message', { push: true })
  const place = readPlace(message)
  const produce = (
    <Button
      icon={<Icon name="plus" />}
      disabled={topic.internal}
      title={topic.internal ? text.produceInternal : undefined}
      onClick={() => setDialog('produce')}
    >
      {text.produce}
    </Button>
  )
  return (
    <>
      <Controls asked={asked} partitions={topic.partitions.length} produce={produce} />
      <MessageTable
        reads={reads}
        asked={asked}
        empty={<Empty asked={asked} produce={produce} />}
        onClearFilter={() => setQueryValues({ key: '', contains: '', partition: '' })}
      />
      <Progress reads={reads} asked={asked} />
      {place !== undefined && (
        <Suspense fallback={null}>
          <MessageDrawer
            name={name}
            place={place}
            known={reads.reading.rows.find((row) => row.place === message)}
            onClose={() => setMessage('')}
          />
        </Suspense>
      )}
      {dialog === 'produce' && !topic.internal && (
        <Suspense fallback={null}>
          <Produce topic={topic} onWritten={asked.isLive ? undefined : reads.restart} onClose={() => setDialog('')} />
        </Suspense>
      )}
    </>
  )
}

/** Nothing there yet, or nothing from where one looks. */
function Empty({ asked, produce }: { readonly asked: Asked; readonly produce: React.ReactNode }) {
  const { messages: text } = useText()
  const { start, key, contains } = asked
  const isNewestSearched = start.kind === 'latest' && (key !== '' || contains !== '')
  if (!isNewestSearched && (start.kind === 'earliest' || start.kind === 'latest')) {
    return (
      <>
        <p>{text.emptyTopic}</p>
        {produce}
      </>
    )
  }
  return (
    <>
      <p>{isNewestSearched ? text.nothingNewest : text.nothingAfter}</p>
      <button type="button" className="text-button" onClick={() => setQueryValues({ from: 'earliest' })}>
        {text.fromBeginning}
      </button>
    </>
  )
}
