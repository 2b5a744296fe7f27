// English: a file for each room. Its type is what the other languages must have.
import { danger } from './danger.ts'
import { errors } from './errors.ts'
import { grid } from './grid.ts'
import { shell } from './shell.ts'
import { topic } from './topic.ts'
import { topics } from './topics.ts'

export const en = { shell, grid, danger, errors, topics, topic }
