// Which groups a filter shows, pure.
import type { GroupSummary } from '../api/types.ts'

/** Words that the group's name or its topics must contain, all of them. */
export function isShown({ group, topics, cluster }: GroupSummary, q: string): boolean {
  const text = [group, cluster, ...topics].join('\n').toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
