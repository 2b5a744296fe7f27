import type { Texts } from '../texts.ts'

export const decisions: Texts['decisions'] = {
  title: '决策',
  filter: '按内容或原因筛选',
  anyKind: '全部类型',
  about: '只看与之有关的',
  everything: '查看全部',
  nothingYet: 'Castle 还没有做过决策。',
  nothingAbout: (about) => `Castle 没有保存与 ${about} 有关的决策。`,
  english: '决策以英文记录。',
  columns: { number: '编号', at: '时间', kind: '类型', what: '内容', why: '原因', about: '对象' },
  kinds: {
    election: '选举主副本',
    'broker-up': 'Broker 上线',
    'broker-down': 'Broker 下线',
    'topic-created': '创建主题',
    'topic-changed': '修改主题',
    'topic-deleted': '删除主题',
    'group-target': '分配',
    'cluster-changed': '修改集群',
    'castle-epoch': 'Castle 接管',
  },
}
