import type { Texts } from '../language.ts'

export const errors: Texts['errors'] = {
  byCode: {},
  next: {},
  away: 'Castle 没有应答。',
  awayNext: '页面会自动重试。',
  slow: 'Castle 在 10 秒内没有应答。',
  unreadable: '应答的不是 Castle，或是它的另一个版本。',
  unreadableNext: '请检查地址；中间的代理可能有问题。',
}
