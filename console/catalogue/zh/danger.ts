import type { Texts } from '../texts.ts'

export const danger: Texts['danger'] = {
  checking: '正在预估影响 …',
  checkFailed: '无法预估影响，因此不能在这里执行。',
  refused: 'Castle 会拒绝这次操作：',
  affected: '受影响的对象',
  undo: '能否撤销',
  typeName: (name) => `输入 ${name} 以确认`,
  reason: '原因',
  reasonRequired: '原因（必填）',
  reasonHint: '会记录在决策列表中。',
  changed: '状态已变化。以下是新的预览，请重新确认。',
  lastFailed: '未执行：',
  unsure: 'Castle 没有应答，不确定是否已执行。可以放心再点一次：只会计一次。',
}
