// ConsumerGroupDescribe (69), versions 0 and 1: groups of KIP-848, by their coordinator: members, epochs, what each has and is to have.
//
//   1 the type of a member: all here are of KIP-848
import { consumerGroupDescribe as api, errors, operationsNotAsked } from '@castellan/protocol'
import { undescribed } from '../groups/index.ts'
import { groupOperations } from './03-metadata.ts'
import { handler } from './handler.ts'

export const consumerGroupDescribe = handler(
  api,
  async ({ groupIds, includeAuthorizedOperations }, { broker: { coordinator, counters } }) => {
    const described = await Promise.all(
      [...new Set(groupIds)].map((groupId) => {
        return groupId === '' ? undescribed('', errors.INVALID_GROUP_ID.code) : coordinator.describeGroup(groupId)
      }),
    )
    for (const { errorCode } of described) if (errorCode !== 0) counters.error(api.key, errorCode)
    return {
      groups: described.map((group) => ({
        ...group,
        authorizedOperations:
          includeAuthorizedOperations && group.errorCode === 0 ? groupOperations : operationsNotAsked,
      })),
    }
  },
)
