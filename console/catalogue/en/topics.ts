// Topics: the list, and what an ack level means.
import { n } from './plural.ts'

type AckLevel = -1 | 1 | 0

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
    belowMinIsr: (count: number) => `${n(count, 'partition')} below min ISR`,
    underReplicated: (count: number) => `${n(count, 'partition')} not fully in sync`,
    losses: (count: number) => `${n(count, 'loss', 'losses')}`,
    lossesHint: 'Elections in which acknowledged messages may have been lost',
  },
  onlyTroubled: 'Not fully in sync',
  internalTag: 'internal',
  ack: {
    short: { [-1]: 'Ack -1 · all in sync', 1: 'Ack 1 · leader', 0: 'Ack 0 · nobody' },
    name: { [-1]: 'Ack -1', 1: 'Ack 1', 0: 'Ack 0' },
    waitsFor: {
      [-1]: 'Waits for all replicas in sync.',
      1: 'Waits for the leader only.',
      0: 'Waits for nobody.',
    },
    /** With one replica nothing outlives the loss of its broker, whatever the level. */
    loses: (level: AckLevel, replicas: number) => {
      if (level === 0) return 'Any message can be lost, and its producer does not hear of it.'
      if (level === 1) return 'When a leader dies, up to 1 s of acknowledged messages can be lost.'
      return replicas === 1
        ? 'With one replica, what was acknowledged is as safe as the disk of its broker.'
        : 'What was acknowledged outlives the loss of a broker, as long as one that was in sync is left.'
    },
  },
}
