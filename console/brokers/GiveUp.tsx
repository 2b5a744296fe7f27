// The dialog that gives a broker up: how many topics go on without it, and what is lost with that.
import { type GiveUpPlan, refresh } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog, type Plan } from '../danger/index.ts'
import type { Awaited } from './AwaitedBrokers.tsx'

export function GiveUp({ cluster, id, onClose }: Awaited & { readonly onClose: () => void }) {
  const { giveUp: text } = useText().brokers
  return (
    <DangerDialog<GiveUpPlan & Plan>
      title={text.action(id)}
      act={{ method: 'POST', path: `/api/brokers/${id}/give-up`, query: { cluster } }}
      isReasonRequired
      wordsOf={({ topics, examples }) => ({
        sentence: text.sentence(topics),
        warning: text.warning,
        affected: examples.slice(0, 10).join(', '),
        undo: text.undo,
        verb: text.action(id),
        typed: text.typed(id),
        refusals: [],
      })}
      onClose={onClose}
      onDone={() => {
        onClose()
        void refresh('/api')
      }}
    />
  )
}
