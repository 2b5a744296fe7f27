// Labels are for people, and cost every list of topics and every write of theirs: so there is a limit.
import { CastleError } from '../errors.ts'

export const labelsMax = 64

/** As they are after a change, whose own size says nothing of what was there before. Throws LABELS_WRONG. */
export function checkLabels(topic: string, labels: Readonly<Record<string, string>>): void {
  const count = Object.keys(labels).length
  if (count <= labelsMax) return
  throw new CastleError('LABELS_WRONG', `topic '${topic}' would have ${count} labels (limit: ${labelsMax})`, {
    params: { topic, labels: count, limit: labelsMax },
  })
}
