// A query that failed, drawn where its answer would be: what happened, what to do, the request's id, and Retry. Elsewhere on the
// page nothing changes. Where there is an older answer, that stays, dated.
import { problemOf } from '../api/problem.ts'
import { useProblemText } from '../api/use-problem-text.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats, useNow } from '../formats/index.ts'
import './grid.css'

/** What is drawn of a query; TanStack's result is one. */
export interface Loading {
  readonly data: unknown
  readonly error: Error | null
  readonly isPending: boolean
  readonly dataUpdatedAt: number
  readonly errorUpdatedAt: number
  refetch(): unknown
}

export function Failure({ query }: { readonly query: Loading }) {
  const { shell, grid } = useText()
  const formats = useFormats()
  const textOf = useProblemText()
  const problem = problemOf(query.error)
  const { what, next } = textOf(problem)
  return (
    <div className="failure" role="alert" data-code={problem.code}>
      <p>
        <strong>{grid.failed}</strong> {what}
      </p>
      {next !== '' && <p>{next}</p>}
      <p className="quiet">
        {grid.failedSince(formats.clock(query.errorUpdatedAt))}
        {problem.requestId !== '' && ` ${grid.requestId(problem.requestId)}`}
      </p>
      <button type="button" className="text-button" onClick={() => query.refetch()}>
        {shell.retry}
      </button>
    </div>
  )
}

/** One line below old data: why it is old, and from when. */
export function OldData({ query }: { readonly query: Loading }) {
  const { shell, grid } = useText()
  const formats = useFormats()
  const textOf = useProblemText()
  const { what } = textOf(problemOf(query.error))
  const time = `${formats.time(query.dataUpdatedAt)} (${formats.age(useNow() - query.dataUpdatedAt)})`
  return (
    <p className="old-data" data-state="old">
      {what} {grid.oldData(time)}{' '}
      <button type="button" className="text-button" onClick={() => query.refetch()}>
        {shell.retry}
      </button>
    </p>
  )
}
