// The handlers of groups: what they make of requests before and after the coordinator has its say.
import {
  findCoordinator as api,
  consumerGroupDescribe as describeApi,
  describeGroups as describeClassicApi,
  errors,
  listGroups as listApi,
} from '@castellan/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { HandlerBench } from '../testing/handler-bench.ts'
import { findCoordinator } from './10-find-coordinator.ts'
import { describeGroups } from './15-describe-groups.ts'
import { listGroups } from './16-list-groups.ts'
import { consumerGroupDescribe } from './69-consumer-group-describe.ts'

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

describe('ListGroups', () => {
  const asked: number[] = []
  const listed = [
    { groupId: 'a', state: 'Stable' },
    { groupId: 'b', state: 'Empty' },
  ]
  const shown = (groupId: string, groupState: string) => {
    return { groupId, groupState, protocolType: 'consumer', groupType: 'consumer' }
  }
  const ask = (statesFilter: string[] = [], typesFilter: string[] = []) =>
    bench.ask(listGroups, listApi, 5, { statesFilter, typesFilter }).answer

  beforeEach(() => {
    const coordinator = {
      listGroups: async (brokerId: number) => {
        asked.push(brokerId)
        return listed
      },
    }
    Object.assign(bench.parts, { coordinator })
  })

  test.each([
    ['all', [], [], [shown('a', 'Stable'), shown('b', 'Empty')]],
    ['of a state, however it is written', ['EMPTY', 'dead'], [], [shown('b', 'Empty')]],
    ['of a type', [], ['Consumer'], [shown('a', 'Stable'), shown('b', 'Empty')]],
    ['of a type that there is none of', [], ['classic', 'share'], []],
  ])('%s', async (_, states, types, groups) => {
    expect(await ask(states, types)).toEqual({ errorCode: 0, groups })
    expect(asked.at(-1)).toBe(1)
  })

  test('not a part of them', async () => {
    const { code } = errors.COORDINATOR_LOAD_IN_PROGRESS
    Object.assign(bench.parts, { coordinator: { listGroups: async () => code } })
    expect(await ask()).toEqual({ errorCode: code, groups: [] })
  })
})

describe('ConsumerGroupDescribe', () => {
  const nothing = { groupState: '', groupEpoch: 0, assignmentEpoch: 0, assignorName: '', members: [] }
  const notAsked = -2_147_483_648

  test.each([
    [false, notAsked],
    [true, 328],
  ])('each group once, with what may be done with it: %s', async (includeAuthorizedOperations, operations) => {
    const describeGroup = async (groupId: string) => {
      return { ...nothing, groupId, errorCode: groupId === 'there' ? 0 : errors.NOT_COORDINATOR.code }
    }
    Object.assign(bench.parts, { coordinator: { describeGroup } })
    const groupIds = ['there', 'elsewhere', '', 'there']
    const answer = await bench.ask(consumerGroupDescribe, describeApi, 1, { groupIds, includeAuthorizedOperations })
      .answer
    expect(answer?.groups).toMatchObject([
      { groupId: 'there', errorCode: 0, authorizedOperations: operations },
      { groupId: 'elsewhere', errorCode: errors.NOT_COORDINATOR.code, authorizedOperations: notAsked },
      { groupId: '', errorCode: errors.INVALID_GROUP_ID.code },
    ])
  })
})

describe('DescribeGroups: there are none of the classic protocol', () => {
  beforeEach(() => {
    const shardOf = (groupId: string) => (groupId === 'elsewhere' ? errors.NOT_COORDINATOR.code : {})
    Object.assign(bench.parts, { coordinator: { shardOf } })
  })

  test.each([
    [4, 0],
    [5, 0],
    [6, errors.GROUP_ID_NOT_FOUND.code],
  ])('at version %i', async (version, errorCode) => {
    const groups = ['g', 'elsewhere', '', 'g']
    const answer = await bench.ask(describeGroups, describeClassicApi, version, {
      groups,
      includeAuthorizedOperations: false,
    }).answer
    expect(answer?.groups).toMatchObject([
      { groupId: 'g', errorCode, groupState: 'Dead', members: [] },
      { groupId: 'elsewhere', errorCode: errors.NOT_COORDINATOR.code },
      { groupId: '', errorCode: errors.INVALID_GROUP_ID.code },
    ])
  })
})
