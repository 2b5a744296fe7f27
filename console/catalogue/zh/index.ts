// 简体中文: the same keys as English, or it does not compile.
import type { Texts } from '../texts.ts'
import { brokers } from './brokers.ts'
import { clients } from './clients.ts'
import { danger } from './danger.ts'
import { decisions } from './decisions.ts'
import { errors } from './errors.ts'
import { grid } from './grid.ts'
import { groups } from './groups.ts'
import { messages } from './messages.ts'
import { overview } from './overview.ts'
import { shell } from './shell.ts'
import { topic } from './topic.ts'
import { topics } from './topics.ts'

export const zh: Texts = {
  shell,
  grid,
  danger,
  errors,
  topics,
  topic,
  overview,
  brokers,
  groups,
  clients,
  decisions,
  messages,
}
