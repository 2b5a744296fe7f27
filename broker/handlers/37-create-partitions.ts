// CreatePartitions (37), versions 0 to 3: passed on to Castle, which places them as it places a new topic's; whoever says where they are to
// stand is refused, rather than not heeded. Answered when Castle has it on disk (R11) and this broker has heard of it.
//
//   2 flexible
import {
  createPartitions as api,
  errorOf,
  errors,
  type CreatePartitionsRequest as Request,
  type CreatePartitionsResponseInput as Response,
} from '@castellan/protocol'
import { checks } from '@castellan/protocol/heartbeat'
import { type BrokerParts, handler } from './handler.ts'
import { byName, unknownNameError } from './lookup.ts'

type Asked = Request['topics'][number]
type TopicAnswer = Response['results'][number]

const settleMsMax = 5_000

export const createPartitions = handler(api, async ({ topics, timeoutMs, validateOnly }, { broker }) => {
  const { clock } = broker.runtime
  const endMs = clock.nowMs() + timeoutMs
  const results: TopicAnswer[] = []
  for (const { item, isRepeated } of byName(topics, ({ name }) => name)) {
    const twice = [errors.INVALID_REQUEST.code, 'the request names this topic twice'] as const
    results.push(
      isRepeated ? refused(broker, item, ...twice) : await add(broker, item, validateOnly, endMs - clock.nowMs()),
    )
  }
  return { results }
})

async function add(broker: BrokerParts, asked: Asked, validateOnly: boolean, timeoutMs: number): Promise<TopicAnswer> {
  const { metadata, castle } = broker
  const { name, count, assignments } = asked
  const topic = metadata.topicNamed(name)
  if (!topic) return refused(broker, asked, unknownNameError(broker, name))
  if (assignments !== null) {
    const said = 'Castle places partitions: leave the assignments out, and reassign them afterwards'
    return refused(broker, asked, errors.INVALID_REPLICA_ASSIGNMENT.code, said)
  }
  const present = topic.partitions.length
  const args = { topic: name, count, validateOnly }
  if (count <= present || !checks.createPartitionsArgs.is(args)) {
    const said = `the topic has ${present} partitions, and ${count} were asked for: ask for more, in all`
    return refused(broker, asked, errors.INVALID_PARTITIONS.code, said)
  }
  if (timeoutMs <= 0)
    return refused(broker, asked, errors.REQUEST_TIMED_OUT.code, 'there was no time left for this topic')
  const { errorCode, message } = await castle.call('createPartitions', args, timeoutMs)
  if (errorCode !== 0) return refused(broker, asked, errorCode, message)
  if (!validateOnly) {
    const isHeard = () => (metadata.topicWithId(topic.topicId)?.partitions.length ?? count) >= count
    await metadata.when(isHeard, Math.min(timeoutMs, settleMsMax))
  }
  return { name, errorCode: 0, errorMessage: null }
}

function refused({ counters }: BrokerParts, { name }: Asked, errorCode: number, message?: string): TopicAnswer {
  counters.error(api.key, errorCode)
  return { name, errorCode, errorMessage: message ?? errorOf(errorCode).message }
}
