// Clients of the SDK: the list, and one client.
import { n } from './plural.ts'

type DirectiveKind = 'report' | 'reconnect'

export const clients = {
  title: 'Clients',
  filter: 'Filter by client, service, host, topic or group',
  behindOnly: 'Only those behind',
  nothingYet:
    'No client of the SDK is connected. One appears with its first heartbeat. Plain Kafka clients are not listed: they send none.',
  unknown: (id: string) => `No client ${id} was heard within its lease.`,
  unknownHint: 'It may have ended, or started anew under another id.',
  toAll: 'To all clients',
  columns: {
    id: 'Client',
    service: 'Service',
    host: 'Host',
    cluster: 'Cluster',
    topics: 'Topics',
    groups: 'Groups',
    link: 'Link',
    behind: 'Follows',
    heard: 'Last heard',
    subject: 'What Castle tells it of',
    desired: 'Should hold',
    actual: 'Holds',
    state: 'State',
    directive: 'Directive',
    given: 'Given',
    took: 'Took',
    said: 'It says',
  },
  linked: 'linked',
  unlinked: 'no link',
  follows: 'all',
  behind: (count: number) => `${count} behind`,
  state: 'State',
  where: 'Where it runs',
  pid: 'Process id',
  release: 'SDK release',
  silent: 'Silent for',
  noCluster: 'none yet',
  subjects: 'Desired and actual',
  subjectsHint: 'Versions, as Castle epoch and change. A client that lags gets the newest with its next heartbeat.',
  subjectsNone: 'It uses nothing that Castle would tell it of.',
  subjectKinds: {
    cluster: (name: string) => `brokers of ${name}`,
    topic: (name: string) => `topic ${name}`,
    coordinator: (name: string) => `coordinator of group ${name}`,
  },
  subjectStates: { held: 'held', older: 'older', none: 'not yet' },
  work: 'What it uses',
  topicsNone: 'no topic',
  missing: 'does not exist',
  groupsNone: 'no group',
  epochOf: (epoch: string) => `epoch ${epoch}`,
  directives: 'Directives',
  directivesHint: 'They die with the process of the client, or after a minute.',
  directivesNone: 'None was given to it.',
  directiveStates: { given: 'on its way', done: 'done', refused: 'refused', failed: 'failed', expired: 'expired' },
  directiveKinds: { report: 'Send report', reconnect: 'Reconnect' },
  direct: {
    title: (kind: DirectiveKind) => (kind === 'report' ? 'Ask for a whole report' : 'Have the client reconnect'),
    what: (kind: DirectiveKind) =>
      kind === 'report'
        ? 'The client sends all that it uses, holds and processes once more. Its producers and consumers notice nothing.'
        : 'The client closes its link to Castle and opens another, at once. Its connections to brokers stay: sending and consuming go on.',
    when: (isLinked: boolean) =>
      isLinked ? 'It hears of it within one round trip.' : 'It hears of it at its next heartbeat.',
    verb: (kind: DirectiveKind) => (kind === 'report' ? 'Ask for 1 report' : 'Reconnect 1 client'),
    affected: (service: string, host: string) => `${service} on ${host}`,
    undo: 'Nothing to undo.',
  },
  count: (count: number) => n(count, 'client'),
}
