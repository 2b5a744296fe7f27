// A box with a heading whose content comes from a query: the same drawing of loading, failed and old data as in tables.
import type { ReactNode } from 'react'
import { useText } from '../catalogue/index.ts'
import { Failure, type Loading, OldData } from './Failure.tsx'
import './panel.css'

interface PanelProps {
  readonly title: ReactNode
  /** Beside the heading, at the right. */
  readonly extra?: ReactNode
  readonly query?: Loading
  /** Lines that the content will have, for the time of loading. */
  readonly lines?: number
  /** No padding: the content is a table. */
  readonly flush?: boolean
  readonly children: ReactNode
}

export function Panel({ title, extra, query, lines = 3, flush = false, children }: PanelProps) {
  const { shell } = useText()
  const isLoading = query?.isPending === true && query.data === undefined
  const isFailed = query !== undefined && query.error !== null && query.data === undefined
  const isOld = query !== undefined && query.error !== null && query.data !== undefined
  return (
    <section className="panel" aria-busy={isLoading}>
      <header className="panel-head">
        <h2>{title}</h2>
        <div className="panel-extra">{extra}</div>
      </header>
      {isLoading && (
        <div className="panel-content late" role="status" aria-label={shell.loading}>
          {Array.from({ length: lines }, (_, line) => `${60 + ((line * 17) % 35)}%`).map((width) => (
            <span key={width} className="bone panel-bone" style={{ width }} />
          ))}
        </div>
      )}
      {isFailed && query !== undefined && <Failure query={query} />}
      {!isLoading && !isFailed && <div className={flush ? 'panel-flush' : 'panel-content'}>{children}</div>}
      {isOld && query !== undefined && <OldData query={query} />}
    </section>
  )
}
