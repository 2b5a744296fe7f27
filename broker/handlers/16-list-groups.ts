// ListGroups (16), versions 0 to 5: the groups that this broker coordinates. Clients ask every broker, and put the answers together.
//
// 1 throttle time   3 flexible   4 states, and only those in some (KIP-518)   5 types, and only those of some: all here are of KIP-848
import { listGroups as api } from '@castellan/protocol'
import { handler } from './handler.ts'

const groupType = 'consumer'
const protocolType = 'consumer'

export const listGroups = handler(api, async ({ statesFilter, typesFilter }, { broker }) => {
  const listed = await broker.coordinator.listGroups(broker.config.brokerId)
  if (typeof listed === 'number') {
    broker.counters.error(api.key, listed)
    return { errorCode: listed, groups: [] }
  }
  const passes = filterOf(statesFilter)
  const groups = filterOf(typesFilter)(groupType) ? listed.filter(({ state }) => passes(state)) : []
  return {
    errorCode: 0,
    groups: groups.map(({ groupId, state }) => ({ groupId, protocolType, groupState: state, groupType })),
  }
})

/** Which words pass, however they are written; no filter: all. */
function filterOf(words: readonly string[]): (word: string) => boolean {
  const wanted = new Set(words.map((word) => word.toLowerCase()))
  return (word) => wanted.size === 0 || wanted.has(word.toLowerCase())
}
