// Calls on a link: writes that only Castle may make, asked by brokers for Kafka's admin clients.
import { type Call, type CreatedTopic, checks, HeartbeatMessageError, type Result } from '@castellan/protocol/heartbeat'
import type { Logger } from '@castellan/protocol/runtime'
import type { Castle } from './castle.ts'
import { CastleError, messageOf } from './errors.ts'

/** Never rejects: trouble is a result with Kafka's error code, and what to do next. */
export async function answerCall(castle: Castle, cluster: string, call: Call, log: Logger): Promise<Result> {
  try {
    const value = await follow(castle, cluster, call)
    return { type: 'result', id: call.id, errorCode: 0, ...(value === undefined ? {} : { value }) }
  } catch (error) {
    const known = asCastleError(error)
    if (known.code === 'INTERNAL') log.error({ method: call.method, error }, 'a call failed in a way it did not expect')
    const message = `${known.message}. ${known.next}`.slice(0, 2_000)
    return { type: 'result', id: call.id, errorCode: known.kafkaCode, message }
  }
}

async function follow(castle: Castle, cluster: string, { method, args }: Call): Promise<CreatedTopic | undefined> {
  if (method === 'createTopic') return castle.createTopic({ ...checks.createTopicArgs.parse(args), cluster })
  await castle.deleteTopic(cluster, checks.deleteTopicArgs.parse(args))
  return undefined
}

function asCastleError(error: unknown): CastleError {
  if (error instanceof CastleError) return error
  const code = error instanceof HeartbeatMessageError ? 'REQUEST_WRONG' : 'INTERNAL'
  return new CastleError(code, messageOf(error), { cause: error })
}
