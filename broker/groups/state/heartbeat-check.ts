// Is a heartbeat well-formed? What can be said without looking at the group; the rules are KIP-848's and KIP-1082's.
import { errors } from '@castellan/protocol'
import { type Beat, type Refusal, refusal } from './beat.ts'
import { epochAway } from './group.ts'

/** The longest id or name; Castle's heartbeat carries no longer ones. */
const nameLengthMax = 249
/** Kafka's rule. So a name's bytes are its characters, in the group log and in the report to Castle alike. */
const topicName = /^[a-zA-Z0-9._-]+$/
const topicsMax = 10_000
/** A member's profile is one record, which has to fit a batch with room to spare. */
const subscriptionBytesMax = 256 * 1024
/** Castle decides, by what Kafka's "uniform" aims at too: sticky and balanced. */
export const assignor = 'uniform'

/** Why it is refused; null: it is well-formed. */
export function checkBeat(beat: Beat): Refusal | null {
  const problem = problemOfIds(beat) ?? problemOfEpoch(beat) ?? problemOfSubscription(beat)
  if (problem !== null) return refusal(errors.INVALID_REQUEST, problem)
  if (beat.serverAssignor !== null && beat.serverAssignor !== assignor) {
    const text = `there is no assignor ${JSON.stringify(beat.serverAssignor)}: leave it out, or ask for ${assignor}`
    return refusal(errors.UNSUPPORTED_ASSIGNOR, text)
  }
  return null
}

function problemOfIds(beat: Beat): string | null {
  if (beat.groupId === '') return 'the group id is empty'
  if (beat.memberId === '' && (beat.apiVersion >= 1 || beat.memberEpoch !== 0)) return 'the member id is empty'
  for (const [what, id] of [
    ['group id', beat.groupId],
    ['member id', beat.memberId],
    ['instance id', beat.instanceId],
    ['rack id', beat.rackId],
  ] as const) {
    if (id !== null && id.length > nameLengthMax) return `the ${what} is longer than ${nameLengthMax} characters`
  }
  if (beat.instanceId === '') return 'the instance id is empty'
  if (beat.rackId === '') return 'the rack id is empty'
  return null
}

function problemOfEpoch(beat: Beat): string | null {
  if (beat.memberEpoch < epochAway) return `there is no member epoch ${beat.memberEpoch}`
  if (beat.memberEpoch === epochAway && beat.instanceId === null) return 'member epoch -2 needs an instance id'
  if (beat.memberEpoch !== 0) return null
  if (beat.rebalanceTimeoutMs <= 0) return 'a member that joins must name its rebalance timeout'
  if (beat.topicPartitions === null || beat.topicPartitions.length > 0) return 'a member that joins must own nothing'
  if (beat.subscribedTopicNames === null && beat.subscribedTopicRegex === null) {
    return 'a member that joins must name the topics that it subscribes to'
  }
  return null
}

function problemOfSubscription({ subscribedTopicNames: names }: Beat): string | null {
  if (names === null) return null
  if (names.length > topicsMax) return `more than ${topicsMax} topics`
  let total = 0
  for (const name of names) {
    if (name.length > nameLengthMax || !topicName.test(name))
      return `${JSON.stringify(name.slice(0, 100))} is no topic name`
    total += name.length
  }
  return total > subscriptionBytesMax ? 'the names of the topics are too long together' : null
}
