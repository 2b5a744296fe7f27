import type { Texts } from '../texts.ts'

const count = (value: unknown) => Number(value).toLocaleString('zh-CN')

export const overview: Texts['overview'] = {
  title: '总览',
  problems: '问题',
  fine: '一切正常。',
  fineHint: '所有 Broker 在线，每个分区都有主副本且副本全部同步，没有卡住的消息，所有客户端均为最新。',
  problemsHint: '最严重的在前',
  kinds: {
    'store-failed': '存储失败',
    leaderless: '没有主副本',
    'in-doubt': '存疑',
    'below-min-isr': '低于最小 ISR',
    lost: '消息丢失',
    'under-replicated': '未同步',
    'log-fault': '日志损坏',
    'disk-full': '磁盘已满',
    'broker-down': 'Broker 下线',
    recovering: '恢复中',
    refused: '未接管',
    stuck: '卡住',
    'client-behind': '客户端未更新',
  },
  what: {
    STORE_FAILED: ({ reason }) => `Castle 无法将变更写入存储：${reason}`,
    PARTITIONS_LEADERLESS: ({ partitions, topics, examples }) =>
      `${count(topics)} 个主题的 ${count(partitions)} 个分区没有主副本：${examples}`,
    PARTITIONS_BELOW_MIN_ISR: ({ partitions, topics, examples }) =>
      `${count(topics)} 个主题的 ${count(partitions)} 个分区同步的副本少于 min.insync.replicas：${examples}`,
    PARTITIONS_UNDER_REPLICATED: ({ partitions, topics, examples }) =>
      `${count(topics)} 个主题的 ${count(partitions)} 个分区有副本未同步：${examples}`,
    TOPICS_IN_DOUBT: ({ topics, examples, brokers }) =>
      `${count(topics)} 个主题存疑（${examples}），因为 Castle 的存储回到了过去：尚未听到${brokers === '' ? '全部 Broker' : ` Broker ${brokers} `}的报告`,
    MESSAGES_LOST: ({ topic, elections, messagesMax }) =>
      `主题 ${topic} 在过去一天的 ${count(elections)} 次选举可能丢失了已确认的消息：${messagesMax === null ? '数量未知' : `最多 ${count(messagesMax)} 条`}`,
    LOG_OUT_OF_USE: ({ broker, topic, topicId, partition, fault }) =>
      `Broker ${broker} 上 ${topic ?? topicId}/${partition} 的日志已停用：${fault}`,
    BROKER_DISK_FULL: ({ broker }) => `Broker ${broker} 的磁盘已满`,
    BROKER_DOWN: ({ broker, host, port, why, logs, opened }) =>
      `Broker ${broker}（${host}:${port}）已下线：${why}${logs === undefined ? '' : `；它正在恢复日志：${count(logs)} 个中已打开 ${count(opened)} 个`}`,
    BROKER_RECOVERING: ({ broker, logs, opened }) =>
      `Castle 的存储不认识的 Broker ${broker} 正在恢复日志：${count(logs)} 个日志中已打开 ${count(opened)} 个`,
    TOPICS_FORGOTTEN: ({ topics, brokers }) =>
      `Broker ${brokers} 知道 Castle 的存储已忘记的 ${count(topics)} 个主题，尚未告知其内容`,
    TOPIC_REFUSED: ({ topic, topicId, why, brokers }) =>
      `Broker ${brokers} 上的主题 ${topic}（${topicId}）未被接管：${why === 'name-taken' ? '已有同名的其他主题' : 'Broker 所述不可能成立'}`,
    PARTITION_STUCK: ({ group, topic, topicId, partition, offset, attempts, error }) =>
      `消费组 ${group} 卡在 ${topic ?? topicId}/${partition}@${offset}，第 ${attempts} 次尝试：${error}`,
    CLIENTS_BEHIND: ({ clients, examples }) => `${count(clients)} 个客户端未跟上 Castle：${examples}`,
  },
  harm: {
    'store-failed': '不接受任何变更；主副本失效的分区也得不到新的主副本。',
    leaderless: '这些分区无法写入，也无法读取。',
    'in-doubt': '有主副本的分区照常读写；但不能修改，也不会选举新的主副本。',
    TOPICS_FORGOTTEN: '在此期间，该集群不能创建主题：名称可能与其中之一相同。',
    'below-min-isr': 'Ack -1 写入被拒绝，也没有新消息可见；已可见的可以读取。',
    lost: '这些消息无法找回，而其生产者曾被告知它们是安全的。',
    'under-replicated': '一切照常；但能承受失去的 Broker 比主题设定的少。',
    'log-fault': '该分区的这份副本不再提供服务。',
    'disk-full': '它无法写入任何内容：在腾出空间之前，由其他可用的 Broker 担任主副本并保持同步。',
    'broker-down': '有其他同步副本的分区已切换主副本；其余分区在等待它恢复。',
    recovering: '所有日志打开之后，它会注册并告知自己所有的内容。',
    refused: '其中的消息无法读取。日志作为游离日志保留在原处，不会被删除。',
    stuck: '该分区在这条消息之后等待。',
    'client-behind': '它们仍按较旧的设置或主副本工作。',
  },
  actions: {
    partitions: '查看分区',
    broker: '查看 Broker',
    brokers: '查看 Broker 列表',
    losses: '查看丢失情况',
    message: '查看消息',
    group: '查看消费组',
    client: '查看客户端',
    clients: '查看客户端列表',
    topics: '查看主题',
  },
  since: '自',
  clusters: '集群',
  brokersUp: (up, all) => `${count(up)} / ${count(all)} 台 Broker 在线`,
  noBrokers: '还没有 Broker',
  topics: '主题',
  clients: '客户端',
  environment: '环境',
  kindNames: { castellan: 'Castellan', kafka: 'Apache Kafka' },
  missing: (flag) => `不支持：${flag}`,
  lately: 'Castle 最近的决策',
  allDecisions: '全部决策',
  noClusters: 'Castle 还不知道任何集群。',
  steps: {
    title: '开始使用',
    done: '已完成',
    open: '待完成',
    create: '创建主题',
    createHint: '主题是一份有名字的日志：生产者写入，消费者读取。',
    connect: '连接服务',
    connectHint: '安装 SDK，然后运行下面的代码。生产和消费只需要 Castle 的地址。',
    pack: '# 在 Castellan 的目录中',
    install: '# 在你的服务中',
    copy: '复制代码',
    waiting: '正在等待第一个客户端 …',
    connected: (clients) => `已连接 ${count(clients)} 个客户端。`,
    produce: '发送测试消息',
    produceHint: '无需服务，直接在这里发送并看到它到达。',
    needsTopic: '需要先有主题。',
  },
}
