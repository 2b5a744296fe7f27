// FindCoordinator (10), versions 0 to 6: which broker coordinates a group, by what Castle last said.
//
//   - Key types: 0 group. 1 transaction and 2 share group are refused by name: this version has neither.
//
// 1 key types   3 flexible   4 several keys (KIP-699)   5 TRANSACTION_ABORTABLE   6 share groups (KIP-932)
import { findCoordinator as api, errors } from '@castellan/protocol'
import { type BrokerParts, handler } from './handler.ts'

const groupKey = 0
const refusedKeys = new Map([
  [1, 'transactions'],
  [2, 'share groups'],
])
const keysSince = 4
const nowhere = { nodeId: -1, host: '', port: -1 }

export const findCoordinator = handler(api, ({ key, keyType, coordinatorKeys }, { broker, apiVersion }) => {
  if (apiVersion < keysSince) return find(broker, keyType, key)
  return { coordinators: coordinatorKeys.map((each) => ({ key: each, ...find(broker, keyType, each) })) }
})

function find({ coordinator }: BrokerParts, keyType: number, key: string) {
  if (keyType !== groupKey) {
    // Not one that clients retry: it will not come by waiting.
    const what = refusedKeys.get(keyType) ?? `coordinators of type ${keyType}`
    return { errorCode: errors.INVALID_REQUEST.code, errorMessage: `this broker has no ${what}`, ...nowhere }
  }
  if (key === '') return { errorCode: errors.INVALID_GROUP_ID.code, errorMessage: 'the group id is empty', ...nowhere }
  const found = coordinator.find(key)
  return 'nodeId' in found ? { errorMessage: null, ...found } : { ...found, ...nowhere }
}
