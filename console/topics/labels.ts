// Labels as a person writes them, one `name=value` a line, and what of them is to change. Pure.

/** The labels of a text, or the first line that is none. */
export function readLabels(text: string): { labels: Record<string, string> } | { wrong: string } {
  const labels: Record<string, string> = {}
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue
    const at = line.indexOf('=')
    if (at < 1) return { wrong: line }
    labels[line.slice(0, at).trim()] = line.slice(at + 1).trim()
  }
  return { labels }
}

/** What has to be sent: new and changed labels, and null for those that go. */
export function labelChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name))
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value)
  return { ...Object.fromEntries(gone.map((name) => [name, null])), ...Object.fromEntries(changed) }
}
