// Deleting a topic: how many messages go, who reads and writes them, the name typed.
import { type DeletionPlan, refresh } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { DangerDialog } from '../danger/index.ts'
import { pathOf, type TopicName } from './api.ts'

interface DeleteTopicProps {
  readonly name: TopicName
  readonly onClose: () => void
  readonly onDone: () => void
}

export function DeleteTopic({ name, onClose, onDone }: DeleteTopicProps) {
  const { remove } = useText().topic
  return (
    <DangerDialog<DeletionPlan>
      title={remove.title(name.topic)}
      act={{ method: 'DELETE', path: pathOf(name), query: { cluster: name.cluster } }}
      wordsOf={({ messages, partitions, groups, clients }) => ({
        sentence: remove.sentence(messages, partitions),
        affected: (
          <>
            {remove.affected(groups.length, clients)}
            {groups.length > 0 && <div className="quiet">{groups.slice(0, 10).join(', ')}</div>}
          </>
        ),
        undo: remove.undo,
        verb: remove.verb(messages),
        typed: name.topic,
        refusals: [],
      })}
      onClose={onClose}
      onDone={() => {
        onDone()
        void refresh('/api/topics')
      }}
    />
  )
}
