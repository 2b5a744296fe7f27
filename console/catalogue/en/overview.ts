// The first page: what is wrong, what there is, and how to begin.
import { n } from './plural.ts'

type Params = Readonly<Record<string, string | number | boolean | null>>

export const overview = {
  title: 'Overview',
  problems: 'Problems',
  fine: 'Nothing is wrong.',
  fineHint:
    'All brokers are up, each partition has a leader and all its replicas in sync, no message is stuck, all clients follow.',
  problemsHint: 'Worst first',
  kinds: {
    'store-failed': 'store failed',
    leaderless: 'no leader',
    'in-doubt': 'in doubt',
    'below-min-isr': 'below min ISR',
    lost: 'messages lost',
    'under-replicated': 'not in sync',
    'log-fault': 'log damaged',
    'disk-full': 'disk full',
    'broker-down': 'broker down',
    recovering: 'recovering',
    refused: 'not taken over',
    stuck: 'stuck',
    'client-behind': 'client behind',
  } as Readonly<Record<string, string>>,
  /** By the problem's code. */
  what: {
    STORE_FAILED: ({ reason }: Params) => `Castle cannot write changes to its store: ${reason}`,
    PARTITIONS_LEADERLESS: ({ partitions, topics, examples }: Params) =>
      `${n(Number(partitions), 'partition')} of ${n(Number(topics), 'topic')} without a leader: ${examples}`,
    PARTITIONS_BELOW_MIN_ISR: ({ partitions, topics, examples }: Params) =>
      `${n(Number(partitions), 'partition')} of ${n(Number(topics), 'topic')} with fewer replicas in sync than min.insync.replicas: ${examples}`,
    PARTITIONS_UNDER_REPLICATED: ({ partitions, topics, examples }: Params) =>
      `${n(Number(partitions), 'partition')} of ${n(Number(topics), 'topic')} with a replica out of sync: ${examples}`,
    TOPICS_IN_DOUBT: ({ topics, examples, brokers }: Params) =>
      `${n(Number(topics), 'topic')} in doubt (${examples}), because Castle's store went back in time: not yet heard of ${brokers === '' ? 'all brokers' : `broker ${brokers}`}`,
    MESSAGES_LOST: ({ topic, elections, messagesMax }: Params) =>
      `${n(Number(elections), 'election')} of topic ${topic} in the last day may have lost acknowledged messages: ${messagesMax === null ? 'how many, nobody knows' : `at most ${n(Number(messagesMax), 'message')}`}`,
    LOG_OUT_OF_USE: ({ broker, topic, topicId, partition, fault }: Params) =>
      `The log of ${topic ?? topicId}/${partition} on broker ${broker} is out of use: ${fault}`,
    BROKER_DISK_FULL: ({ broker }: Params) => `The disk of broker ${broker} is full`,
    BROKER_DOWN: ({ broker, host, port, why, logs, opened }: Params) =>
      `Broker ${broker} (${host}:${port}) is down: ${why}${logs === undefined ? '' : `; it is back, and recovers its logs: ${opened} of ${n(Number(logs), 'log')} open`}`,
    BROKER_RECOVERING: ({ broker, logs, opened }: Params) =>
      `Broker ${broker}, which Castle's store does not know, recovers its logs: ${opened} of ${n(Number(logs), 'log')} open`,
    TOPICS_FORGOTTEN: ({ topics, brokers }: Params) =>
      `Broker ${brokers} knows ${n(Number(topics), 'topic')} that Castle's store forgot, and has not told of yet`,
    TOPIC_REFUSED: ({ topic, topicId, why, brokers }: Params) =>
      `Topic ${topic} (${topicId}) of broker ${brokers} was not taken over: ${why === 'name-taken' ? 'another topic has its name' : 'what the broker says of it cannot be'}`,
    PARTITION_STUCK: ({ group, topic, topicId, partition, offset, attempts, error }: Params) =>
      `Group ${group} is stuck at ${topic ?? topicId}/${partition}@${offset}, attempt ${attempts}: ${error}`,
    CLIENTS_BEHIND: ({ clients, examples }: Params) =>
      `${n(Number(clients), 'client does', 'clients do')} not follow Castle: ${examples}`,
  } as Readonly<Record<string, (params: Params) => string>>,
  /** What it means for those who use the platform: by its code where that is here, else by its kind. */
  harm: {
    'store-failed': 'No change is accepted, and partitions whose leader dies get no other.',
    leaderless: 'Nothing can be written to or read from these partitions.',
    'in-doubt':
      'Reading and writing go on where there is a leader; nothing about them can be changed, and nobody new is elected.',
    TOPICS_FORGOTTEN: 'No topic can be made in the cluster meanwhile: its name may be that of one of them.',
    'below-min-isr': 'Ack -1 is refused, and nothing new becomes visible; what is visible can be read.',
    lost: 'These messages do not come back. Their producers were told that they are safe.',
    'under-replicated': 'All goes on; fewer brokers can be lost than the topics are made for.',
    'log-fault': 'This copy of the partition is not served.',
    'disk-full': 'It takes nothing: others lead, and are in sync, where there are others, until it has room.',
    'broker-down': 'What it led has moved where another replica was in sync; the rest waits for it.',
    recovering: 'It registers, and tells what it has, when all its logs are open.',
    refused: 'Its messages cannot be read. Its logs stay where they are, as strays: nothing deletes them.',
    stuck: 'The partition waits behind this message.',
    'client-behind': 'They still work by older settings or leaders.',
  } as Readonly<Record<string, string>>,
  actions: {
    partitions: 'See the partitions',
    broker: 'See the broker',
    brokers: 'See the brokers',
    losses: 'See what was lost',
    message: 'See the message',
    group: 'See the group',
    client: 'See the client',
    clients: 'See the clients',
    topics: 'See the topics',
  },
  since: 'since',
  clusters: 'Clusters',
  brokersUp: (up: number, all: number) => `${up} of ${n(all, 'broker')} up`,
  noBrokers: 'no broker yet',
  topics: 'Topics',
  clients: 'Clients',
  environment: 'Environment',
  kindNames: { castellan: 'Castellan', kafka: 'Apache Kafka' },
  missing: (flag: string) => `It cannot: ${flag}`,
  lately: 'What Castle did last',
  allDecisions: 'All decisions',
  noClusters: 'Castle knows no cluster yet.',
  steps: {
    title: 'First steps',
    done: 'done',
    open: 'open',
    create: 'Create a topic',
    createHint: 'A named log that producers write to and consumers read from.',
    connect: 'Connect a service',
    connectHint: 'Install the SDK, then run this. Producing and consuming need no other address than that of Castle.',
    pack: '# in the folder of Castellan',
    install: '# in your service',
    copy: 'Copy the code',
    waiting: 'Waiting for the first client …',
    connected: (count: number) => `${n(count, 'client is', 'clients are')} connected.`,
    produce: 'Produce a test message',
    produceHint: 'From here, without a service, to see it arrive.',
    needsTopic: 'Needs a topic first.',
  },
}
