// Which groups a filter shows, pure.
import type { GroupSummary } from '../api/types.ts'
import { hasWords } from '../grid/words.ts'

/** Words that the group's name or its topics must contain, all of them. */
export function isShown({ group, topics, cluster }: GroupSummary, q: string): boolean {
  return hasWords([group, cluster, ...topics], q)
}
