// English: a file for each room. Its type is what the other languages must have.
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

export const en = {
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
