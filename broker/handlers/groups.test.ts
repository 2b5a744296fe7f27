// The handlers of groups: what they make of requests before and after the coordinator has its say.
import { findCoordinator as api, errors } from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench } from '../testing/handler-bench.ts'
import { findCoordinator } from './10-find-coordinator.ts'

let bench: HandlerBench
beforeEach(() => {
  bench = new HandlerBench()
  const find = (group: string) =>
    group === 'lost'
      ? { errorCode: errors.COORDINATOR_NOT_AVAILABLE.code, errorMessage: 'no leader' }
      : { errorCode: 0, nodeId: 2, host: 'host-2', port: 9002 }
  Object.assign(bench.parts, { coordinator: { find } })
})

describe('FindCoordinator', () => {
  const there = { errorCode: 0, nodeId: 2, host: 'host-2', port: 9002 }
  const nowhere = { nodeId: -1, host: '', port: -1 }

  test.each([0, 1, 2, 3])('one group at version %i', async (version) => {
    expect(await bench.ask(findCoordinator, api, version, { key: 'g' }).answer).toMatchObject(there)
    expect(await bench.ask(findCoordinator, api, version, { key: 'lost' }).answer).toMatchObject({
      errorCode: errors.COORDINATOR_NOT_AVAILABLE.code,
      errorMessage: 'no leader',
      ...nowhere,
    })
  })

  test.each([4, 5, 6])('several groups at version %i', async (version) => {
    const answer = await bench.ask(findCoordinator, api, version, { coordinatorKeys: ['g', 'lost', ''] }).answer
    expect(answer?.coordinators).toMatchObject([
      { key: 'g', ...there },
      { key: 'lost', errorCode: errors.COORDINATOR_NOT_AVAILABLE.code },
      { key: '', errorCode: errors.INVALID_GROUP_ID.code },
    ])
  })

  test.each([
    [1, 'this broker has no transactions'],
    [2, 'this broker has no share groups'],
    [3, 'this broker has no coordinators of type 3'],
  ])('key type %i is refused by name, and not to be tried again', async (keyType, errorMessage) => {
    const answer = await bench.ask(findCoordinator, api, 3, { key: 'g', keyType }).answer
    expect(answer).toMatchObject({ errorCode: errors.INVALID_REQUEST.code, errorMessage, ...nowhere })
  })
})
