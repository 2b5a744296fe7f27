// Calls on a link: writes that only Castle may make, asked by brokers for Kafka's admin clients, or for themselves.
import { type Call, checks, HeartbeatMessageError, type Result } from '@castellan/protocol/heartbeat'
import type { Logger } from '@castellan/protocol/runtime'
import type { Castle } from './castle.ts'
import { CastleError, messageOf } from './errors.ts'
import type { Session } from './heartbeats/session.ts'
import { livingTopic } from './topics/change.ts'
import { planChange } from './topics/plan.ts'
import { refuse } from './topics/problems.ts'

/** Never rejects: trouble is a result with Kafka's error code, and what to do next. */
export async function answerCall(castle: Castle, session: Session, call: Call, log: Logger): Promise<Result> {
  try {
    const value = await methods[call.method](castle, session, call.args)
    return { type: 'result', id: call.id, errorCode: 0, ...(value === undefined ? {} : { value }) }
  } catch (error) {
    const known = asCastleError(error)
    if (known.code === 'INTERNAL') log.error({ method: call.method, error }, 'a call failed in a way it did not expect')
    const message = `${known.message}. ${known.next}`.slice(0, 2_000)
    return { type: 'result', id: call.id, errorCode: known.kafkaCode, message }
  }
}

type Method = (castle: Castle, session: Session, args: unknown) => Promise<unknown>

const methods: Readonly<Record<Call['method'], Method>> = {
  createTopic: (castle, session, args) =>
    castle.createTopic({ ...checks.createTopicArgs.parse(args), cluster: clusterOf(session) }),
  deleteTopic: (castle, session, args) => castle.deleteTopic(clusterOf(session), checks.deleteTopicArgs.parse(args)),
  createPartitions: async (castle, session, args) => {
    const { topic, count, validateOnly = false } = checks.createPartitionsArgs.parse(args)
    const cluster = clusterOf(session)
    if (validateOnly)
      refuse(planChange(castle.state, livingTopic(castle.state, cluster, topic), { partitions: count }).problems)
    else await castle.changeTopic(cluster, topic, { partitions: count })
  },
  alterConfigs: (castle, session, args) => castle.alterConfigs(clusterOf(session), checks.alterConfigsArgs.parse(args)),
  alterIsr: (castle, session, args) => castle.elections.alterIsr(brokerOf(session), checks.alterIsrArgs.parse(args)),
  handOver: (castle, session, args) => castle.elections.handOver(brokerOf(session), checks.handOverArgs.parse(args)),
  electLeaders: (castle, session, args) =>
    castle.elections.elect(clusterOf(session), checks.electLeadersArgs.parse(args)),
  reassignPartitions: (castle, session, args) =>
    castle.reassignments.call(clusterOf(session), checks.reassignPartitionsArgs.parse(args)),
}

function clusterOf({ cluster = '' }: Session): string {
  return cluster
}

/** Who leads is a broker, and speaks for itself. */
function brokerOf({ kind, id }: Session): number {
  if (kind === 'broker') return Number(id)
  throw new CastleError('REQUEST_WRONG', 'only a broker leads, and may say who is in sync, or hand over')
}

function asCastleError(error: unknown): CastleError {
  if (error instanceof CastleError) return error
  const code = error instanceof HeartbeatMessageError ? 'REQUEST_WRONG' : 'INTERNAL'
  return new CastleError(code, messageOf(error), { cause: error })
}
