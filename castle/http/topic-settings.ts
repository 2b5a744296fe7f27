// /api/topic-settings: what can be set on a topic, for forms and documentation: the table of protocol/settings, as data.

import { Type } from '@castellan/protocol/json-schema'
import { topicSettings } from '@castellan/protocol/settings'
import type { FastifyInstance } from 'fastify'
import { addRoute } from './routes.ts'

export const topicSettingView = Type.Object({
  /** Kafka's. */
  name: Type.String(),
  type: Type.String(),
  default: Type.String(),
  /** False: this version takes the default only. */
  honoured: Type.Boolean(),
  /** What would be right, to follow "must be". */
  expected: Type.String(),
  /** One sentence: what it does. */
  doc: Type.String(),
})

export function addTopicSettings(app: FastifyInstance): void {
  const items = [...topicSettings.values()].map((setting) => {
    const { name, type, honoured, expected, doc } = setting
    return { name, type, default: setting.default, honoured, expected, doc }
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/topic-settings',
    tag: 'topics',
    summary: 'Lists what can be set on a topic, with defaults and what this version honours.',
    answers: [200, Type.Object({ items: Type.Array(topicSettingView), next: Type.Null() })],
    handle: () => ({ items, next: null }),
  })
}
