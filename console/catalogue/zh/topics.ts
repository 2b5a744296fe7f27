import type { Texts } from '../language.ts'

export const topics: Texts['topics'] = {
  title: '主题',
}
