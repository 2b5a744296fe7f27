// DeleteTopics (20), versions 1 to 6: passed on to Castle. The recorded deletion of a topic id removes its logs (R13);
// answered when Castle has it on disk (R11) and this broker has heard of it.
//
//   4 flexible   5 error messages   6 by name or id, in `topics`
import {
  deleteTopics as api,
  errorOf,
  errors,
  type DeleteTopicsRequest as Request,
  type DeleteTopicsResponseInput as Response,
  zeroUuid,
} from '@castellan/protocol'
import type { DeleteTopicArgs } from '@castellan/protocol/heartbeat'
import { type BrokerParts, handler } from './handler.ts'
import { byName, unknownTopicError } from './lookup.ts'

type TopicAnswer = Response['responses'][number]
type Asked = Request['topics'][number]

const settleMsMax = 5_000
const topicsSince = 6

export const deleteTopics = handler(api, async ({ topics, topicNames, timeoutMs }, { broker, apiVersion }) => {
  const { clock } = broker.runtime
  const endMs = clock.nowMs() + timeoutMs
  const asked = apiVersion >= topicsSince ? topics : topicNames.map((name) => ({ name, topicId: zeroUuid }))
  const responses: TopicAnswer[] = []
  for (const { item, isRepeated } of byName(asked, ({ name, topicId }) => name ?? topicId)) {
    const twice = [errors.INVALID_REQUEST.code, 'the request names this topic twice'] as const
    responses.push(isRepeated ? refused(broker, item, ...twice) : await remove(broker, item, endMs - clock.nowMs()))
  }
  return { responses }
})

async function remove(broker: BrokerParts, asked: Asked, timeoutMs: number): Promise<TopicAnswer> {
  const { metadata, castle } = broker
  const { name, topicId } = asked
  const isOneOfBoth = (name === null) !== (topicId === zeroUuid)
  if (!isOneOfBoth) return refused(broker, asked, errors.INVALID_REQUEST.code, 'name a topic by its name or by its id')
  const topic = name === null ? metadata.topicWithId(topicId) : metadata.topicNamed(name)
  if (!topic) return refused(broker, asked, unknownTopicError(broker, name === null))
  if (topic.internal)
    return refused(broker, asked, errors.INVALID_REQUEST.code, 'the platform itself keeps its state in this topic')
  if (timeoutMs <= 0)
    return refused(broker, asked, errors.REQUEST_TIMED_OUT.code, 'there was no time left for this topic')
  // By id: should the name have been given to another topic meanwhile, that one stays.
  const args: DeleteTopicArgs = { topicId: topic.topicId }
  const { errorCode, message } = await castle.call('deleteTopic', args, timeoutMs)
  if (errorCode !== 0) return refused(broker, asked, errorCode, message)
  await metadata.when(() => metadata.topicWithId(topic.topicId) === undefined, Math.min(timeoutMs, settleMsMax))
  return { name: topic.name, topicId: topic.topicId, errorCode: 0, errorMessage: null }
}

function refused(
  { counters }: BrokerParts,
  { name, topicId }: Asked,
  errorCode: number,
  message?: string,
): TopicAnswer {
  counters.error(api.key, errorCode)
  return { name, topicId, errorCode, errorMessage: message ?? errorOf(errorCode).message }
}
