import { expect, test } from 'vitest'
import type { ProblemView } from '../api/types.ts'
import { actionsOf } from './problems.ts'

const problem = (kind: ProblemView['kind'], params: ProblemView['params'], about: string[] = []): ProblemView => ({
  ...{ kind, params, about, harm: 1, cluster: 'default', what: '', since: '2026-01-01T00:00:00Z' },
})
const leads = (found: ProblemView) => actionsOf(found).map(({ name, to }) => `${name} ${to}`)

test.each<[string, ProblemView, string[]]>([
  [
    'one topic without leader',
    problem('leaderless', { partitions: 2, topics: 1, examples: 'orders' }),
    ['partitions /topics/default/orders/partitions'],
  ],
  [
    'several topics without leader',
    problem('leaderless', { partitions: 9, topics: 2, examples: 'a, b' }),
    ['topics /topics?sort=state&internal=1'],
  ],
  [
    'one topic below its min ISR',
    problem('below-min-isr', { partitions: 2, topics: 1, examples: 'orders' }),
    ['partitions /topics/default/orders/partitions'],
  ],
  [
    'many that are not in sync',
    problem('under-replicated', { partitions: 9, topics: 2, examples: 'a, b' }),
    ['topics /topics?sort=state&internal=1'],
  ],
  [
    'a topic in doubt',
    problem('in-doubt', { partitions: 3, topics: 1, examples: 'orders', brokers: '7' }),
    ['brokers /brokers', 'partitions /topics/default/orders/partitions'],
  ],
  ['topics that the store forgot', problem('in-doubt', { topics: 1, brokers: '7' }), ['brokers /brokers']],
  ['a topic not taken over', problem('refused', { topic: 'orders', brokers: '7' }), ['brokers /brokers']],
  ['a broker on its way', problem('recovering', { broker: 7 }), []],
  ['messages lost', problem('lost', { topic: 'orders', elections: 1 }), ['losses /topics/default/orders']],
  ['a disk that takes nothing', problem('store-failed', { reason: 'full' }), []],
  ['a dead broker', problem('broker-down', { broker: 2 }), ['broker /brokers/default/2']],
  ['a damaged log', problem('log-fault', { broker: 2, topic: null, partition: 0 }), ['broker /brokers/default/2']],
  [
    'a stuck message',
    problem('stuck', { group: 'a/b', topic: 'orders', partition: 3, offset: 1200 }),
    ['group /groups/default/a%2Fb', 'message /topics/default/orders/messages?partition=3&from=1200&message=3%401200'],
  ],
  [
    'a stuck message of a topic that is gone',
    problem('stuck', { group: 'g', topic: null, partition: 3, offset: 0 }),
    ['group /groups/default/g'],
  ],
  ['one client behind', problem('client-behind', { clients: 1 }, ['client/a/1']), ['client /clients/a%2F1']],
  [
    'many clients behind',
    problem('client-behind', { clients: 2 }, ['client/a', 'client/b']),
    ['clients /clients?behind=1'],
  ],
])('%s', (_, found, actions) => expect(leads(found)).toEqual(actions))
