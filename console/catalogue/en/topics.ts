// Topics: the list, one topic, and what can be done to it.
import { n } from './plural.ts'

export const topics = {
  title: 'Topics',
  filter: 'Filter by name, owner or label',
  anyCluster: 'All clusters',
  anyAck: 'Any Ack level',
  internal: 'Internal topics',
  nothingYet: 'There are no topics yet. A topic is a named log that producers write to and consumers read from.',
  create: 'Create topic',
  columns: {
    name: 'Name',
    cluster: 'Cluster',
    partitions: 'Partitions',
    replicas: 'Replicas',
    ack: 'Ack level',
    state: 'State',
    owner: 'Owner',
    labels: 'Labels',
    created: 'Created',
  },
  states: {
    creating: 'creating',
    ready: 'ready',
    leaderless: (count: number) => `${n(count, 'partition')} without leader`,
  },
  internalTag: 'internal',
  ack: {
    short: { [-1]: 'Ack -1 · all in sync', 1: 'Ack 1 · leader', 0: 'Ack 0 · nobody' },
    name: { [-1]: 'Ack -1', 1: 'Ack 1', 0: 'Ack 0' },
    waitsFor: {
      [-1]: 'Waits for all replicas in sync.',
      1: 'Waits for the leader only.',
      0: 'Waits for nobody.',
    },
    loses: {
      [-1]: 'What was acknowledged outlives the loss of a broker.',
      1: 'When a leader dies, up to 1 s of acknowledged messages can be lost.',
      0: 'Any message can be lost, and its producer does not hear of it.',
    },
  },
}
