// What is wrong, in a sentence: Castle says it by a code and values, so that every face can say it in its own language.
import type { ProblemView } from '@castellan/castle/views'
import { counted } from '../output/index.ts'

type Params = ProblemView['params']

const texts: Readonly<Record<string, (params: Params) => string>> = {
  STORE_FAILED: ({ reason }) => `Castle cannot write changes, none is accepted: ${reason}`,
  BROKER_DOWN: ({ broker, host, port, why, logs, opened }) =>
    `broker ${broker} (${host}:${port}) is down: ${why}${logs === undefined ? '' : `; it is back, and recovers its logs: ${opened} of ${logs} open`}`,
  BROKER_RECOVERING: ({ broker, logs, opened }) =>
    `broker ${broker}, which Castle's store does not know, recovers its logs: ${opened} of ${logs} open; it registers when all are`,
  BROKER_DISK_FULL: ({ broker }) =>
    `the disk of broker ${broker} is full: others lead, and are in sync, until it has room`,
  LOG_OUT_OF_USE: (params) => `${placeOf(params)} is out of use at broker ${params['broker']}: ${params['fault']}`,
  PARTITIONS_LEADERLESS: ({ partitions, topics, examples }) =>
    `${counted(Number(partitions), 'partition')} of ${counted(Number(topics), 'topic')} have no leader (${examples})`,
  PARTITIONS_BELOW_MIN_ISR: ({ partitions, topics, examples }) =>
    `${counted(Number(partitions), 'partition')} of ${counted(Number(topics), 'topic')} have fewer replicas in sync than min.insync.replicas (${examples}): Ack -1 is refused`,
  PARTITIONS_UNDER_REPLICATED: ({ partitions, topics, examples }) =>
    `${counted(Number(partitions), 'partition')} of ${counted(Number(topics), 'topic')} have a replica out of sync (${examples}): castellan topic describe says which and why`,
  TOPICS_IN_DOUBT: ({ topics, examples, brokers }) =>
    `${counted(Number(topics), 'topic')} in doubt (${examples}), for Castle's store went back in time: not yet heard of broker ${brokers}`,
  TOPICS_FORGOTTEN: ({ topics, brokers }) =>
    `broker ${brokers} knows ${counted(Number(topics), 'topic')} that Castle's store forgot, and has not told of yet: no topic is made meanwhile`,
  TOPIC_REFUSED: ({ topic, topicId, why, brokers }) =>
    `topic ${topic} (${topicId}) of broker ${brokers} was not taken over, for ${why === 'name-taken' ? 'another topic has its name' : 'what the broker says of it cannot be'}: its logs stay, as strays`,
  MESSAGES_LOST: ({ topic, elections, messagesMax }) =>
    `${counted(Number(elections), 'election')} of topic ${topic} may have lost ${messagesMax === null ? 'an unknown number of' : `up to ${messagesMax}`} acknowledged messages`,
  PARTITION_STUCK: (params) =>
    `group ${params['group']} is stuck at ${placeOf(params)} offset ${params['offset']}, ${counted(Number(params['attempts']), 'attempt')}: ${params['error']}`,
  CLIENTS_BEHIND: ({ clients, examples }) =>
    `${counted(Number(clients), 'client')} heartbeat, but do not follow what changed (${examples})`,
}

/** Of a code that this version does not know, the code and its values. */
export function problemText({ what, params }: ProblemView): string {
  const text = texts[what]
  if (text !== undefined) return text(params)
  return `${what}: ${Object.entries(params)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}`
}

function placeOf({ topic = null, topicId = null, partition = null }: Params): string {
  return `${topic ?? topicId}/${partition}`
}
