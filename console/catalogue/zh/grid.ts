import type { Texts } from '../texts.ts'

const count = (value: number) => value.toLocaleString('zh-CN')

export const grid: Texts['grid'] = {
  rows: (rows) => `${count(rows)} 行`,
  rowsOf: (shown, all) => `${count(shown)} / ${count(all)} 行`,
  fresh: (rows) => `${count(rows)} 条新数据`,
  freshHint: '指针停留时各行位置不变。点击查看当前全部数据。',
  sortBy: (column) => `按${column}排序`,
  filteredOut: '筛选条件隐藏了所有行。',
  clearFilter: '清除筛选',
  failed: '加载失败。',
  failedSince: (since) => `自 ${since} 起失败。`,
  requestId: (id) => `请求 ${id}`,
  oldData: (time) => `仍显示 Castle 在 ${time} 给出的数据。`,
}
