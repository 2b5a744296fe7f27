// The desired state as others get it: subjects made from entities. A subject's text is made once per version and shared
// by everyone who is told, so a change for 50,000 clients is one JSON.stringify.
import type { ClusterState, ProducerIdBlock, Subject, TargetState, TopicState } from '@castellan/protocol/heartbeat'
import type { Cluster, Group, ProducerIds, Topic } from './entities.ts'
import { brokersOf, type View } from './state.ts'

/** A subject ready to be sent. */
export interface SubjectText {
  readonly key: string
  readonly version: number
  readonly text: string
}

export function subjectText(subject: Subject): SubjectText {
  return { key: subject.key, version: subject.version, text: JSON.stringify(subject) }
}

const texts = new WeakMap<object, SubjectText>()

function once(entity: object, make: () => Subject): SubjectText {
  let text = texts.get(entity)
  if (text === undefined) {
    text = subjectText(make())
    texts.set(entity, text)
  }
  return text
}

/** A cluster entity is put anew whenever its brokers change, so its identity stands for them too. */
export function clusterSubject(view: View, cluster: Cluster): SubjectText {
  return once(cluster, () => {
    return { key: `cluster/${cluster.id}`, version: cluster.version, state: clusterState(view, cluster) }
  })
}

/** What everybody must know of a cluster, its living brokers among it. */
export function clusterState(view: View, cluster: Cluster): ClusterState {
  const brokers = [...brokersOf(view, cluster.id)].filter((broker) => broker.up).sort((a, b) => a.id - b.id)
  return {
    id: cluster.id,
    kind: cluster.kind,
    environment: cluster.environment,
    flags: { ...cluster.flags },
    brokers: brokers.map(({ id, host, port, rack, brokerEpoch, stopping, full }) => {
      // Either way nobody takes it into an ISR.
      return { id, host, port, rack, brokerEpoch, ...(stopping === true || full === true ? { stopping: true } : {}) }
    }),
  }
}

export function topicSubject(topic: Topic): SubjectText {
  return once(topic, () => {
    const state: TopicState = {
      topicId: topic.topicId,
      name: topic.name,
      deleted: topic.deleted,
      internal: topic.internal,
      ackLevel: topic.ackLevel,
      configs: { ...topic.configs },
      partitions: [...topic.partitions],
    }
    return { key: `topic/${topic.topicId}`, version: topic.version, state }
  })
}

export function targetSubject(group: Group): SubjectText {
  return once(group, () => {
    const state: TargetState = { group: group.name, membership: group.membership, members: { ...group.target } }
    return { key: `target/${group.name}`, version: group.version, state }
  })
}

export function producerIdsSubject(block: ProducerIds): SubjectText {
  return once(block, () => {
    const state: ProducerIdBlock = { start: block.start, length: block.length }
    return { key: `producer-ids/${block.brokerId}`, version: block.version, state }
  })
}
