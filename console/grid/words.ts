// What a filter by words finds, pure: every word, wherever it stands, whatever its case.

/** Whether one of `texts` contains each word of `q`; an empty `q` finds all. */
export function hasWords(texts: readonly string[], q: string): boolean {
  const text = texts.join('\n').toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
