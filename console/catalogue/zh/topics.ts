import type { Texts } from '../texts.ts'

export const topics: Texts['topics'] = {
  title: '主题',
  filter: '按名称、负责人或标签筛选',
  anyCluster: '全部集群',
  anyAck: '任意 Ack 级别',
  internal: '内部主题',
  nothingYet: '还没有主题。主题是一份有名字的日志：生产者写入，消费者读取。',
  create: '创建主题',
  columns: {
    name: '名称',
    cluster: '集群',
    partitions: '分区',
    replicas: '副本',
    ack: 'Ack 级别',
    state: '状态',
    owner: '负责人',
    labels: '标签',
    created: '创建时间',
  },
  states: {
    creating: '创建中',
    ready: '就绪',
    leaderless: (count) => `${count} 个分区没有主副本`,
    belowMinIsr: (count) => `${count} 个分区低于最小 ISR`,
    underReplicated: (count) => `${count} 个分区未全部同步`,
    losses: (count) => `${count} 次丢失`,
    lossesHint: '可能丢失已确认消息的选举',
  },
  onlyTroubled: '未全部同步',
  internalTag: '内部',
  ack: {
    short: { [-1]: 'Ack -1 · 全部同步副本', 1: 'Ack 1 · 主副本', 0: 'Ack 0 · 不等待' },
    name: { [-1]: 'Ack -1', 1: 'Ack 1', 0: 'Ack 0' },
    waitsFor: {
      [-1]: '等待所有同步中的副本。',
      1: '只等待主副本。',
      0: '不等待任何副本。',
    },
    loses: (level, replicas) => {
      if (level === 0) return '任何消息都可能丢失，生产者也不会得知。'
      if (level === 1) return '主副本所在 Broker 宕机时，最多可能丢失 1 秒内已确认的消息。'
      return replicas === 1
        ? '只有一个副本时，已确认的消息取决于该 Broker 的磁盘。'
        : '失去 Broker 后，只要还有一个曾同步的副本，已确认的消息就仍然保留。'
    },
  },
}
