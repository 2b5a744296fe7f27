// A state in a word. The colour repeats what the word says.
import type { ReactNode } from 'react'

export type Tone = 'ok' | 'warn' | 'bad' | 'neutral'

interface TagProps {
  readonly tone?: Tone
  /** For tests and other readers of the page: the state, in no language. */
  readonly state?: string
  readonly title?: string
  readonly children: ReactNode
}

export function Tag({ tone = 'neutral', state, title, children }: TagProps) {
  return (
    <span className={`tag tag-${tone}`} data-state={state} title={title}>
      {children}
    </span>
  )
}
