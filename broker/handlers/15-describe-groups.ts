// DescribeGroups (15), versions 0 to 6: groups of the classic protocol. This version has none, and says so in Kafka's way of each group that it
// coordinates: clients ask for a group by ConsumerGroupDescribe (69) first, and here what became of one that is not found there.
//
// 1 throttle time   3 authorized operations   4 static members   5 flexible   6 GROUP_ID_NOT_FOUND; before, a group that is not there is 'Dead'
import { describeGroups as api, errorOf, errors } from '@castellan/protocol'
import { handler } from './handler.ts'

const notFoundSince = 6

export const describeGroups = handler(api, ({ groups }, { broker, apiVersion }) => ({
  groups: [...new Set(groups)].map((groupId) => {
    const nothing = { groupId, protocolType: '', protocolData: '', members: [] }
    const shard = groupId === '' ? errors.INVALID_GROUP_ID.code : broker.coordinator.shardOf(groupId)
    if (typeof shard === 'number') {
      broker.counters.error(api.key, shard)
      return { ...nothing, errorCode: shard, errorMessage: errorOf(shard).message, groupState: '' }
    }
    if (apiVersion < notFoundSince) return { ...nothing, errorCode: 0, groupState: 'Dead' }
    const errorMessage = `there is no group ${groupId} of the classic protocol`
    return { ...nothing, errorCode: errors.GROUP_ID_NOT_FOUND.code, errorMessage, groupState: 'Dead' }
  }),
}))
