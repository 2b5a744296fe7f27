// What is wrong, worst first: what it is, what it means, since when, and where to look.
import type { ProblemView } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Moment } from '../formats/index.ts'
import { type Loading, Panel } from '../grid/index.ts'
import { Icon, Tag } from '../shell/index.ts'
import { Link } from '../url/index.ts'
import { actionsOf } from './problems.ts'

interface ProblemsProps {
  readonly query: Loading
  readonly items: readonly ProblemView[]
}

const shownMax = 200

export function Problems({ query, items }: ProblemsProps) {
  const { overview: text, shell } = useText()
  const extra = items.length > 0 && <span className="quiet">{text.problemsHint}</span>
  return (
    <Panel title={<Heading count={items.length} />} query={query} extra={extra}>
      {items.length === 0 && (
        <p className="fine" data-state="fine">
          <Tag tone="ok">{text.fine}</Tag> <span className="quiet">{text.fineHint}</span>
        </p>
      )}
      <ul className="problems" aria-label={text.problems} data-value={items.length}>
        {items.slice(0, shownMax).map((problem) => (
          <Problem key={`${problem.kind}/${problem.since}/${problem.about.join()}`} problem={problem} />
        ))}
      </ul>
      {items.length > shownMax && <p className="quiet">{shell.partial(shownMax)}</p>}
    </Panel>
  )
}

function Heading({ count }: { readonly count: number }) {
  const { overview: text } = useText()
  return (
    <>
      {text.problems} {count > 0 && <Tag tone="bad">{count}</Tag>}
    </>
  )
}

/** Those that stop work are red, the others amber. */
const badAbove = 4

function Problem({ problem }: { readonly problem: ProblemView }) {
  const { overview: text } = useText()
  const { kind, harm, what, params, since } = problem
  const tone = harm <= badAbove ? 'bad' : 'warn'
  const words = text.what[what]?.(params) ?? `${what} ${JSON.stringify(params)}`
  return (
    <li className="problem" data-state={kind} data-tone={tone}>
      <Icon name="warning" />
      <div className="problem-words">
        <p className="problem-what">
          <Tag tone={tone}>{text.kinds[kind] ?? kind}</Tag> {words}
        </p>
        <p className="quiet">
          {text.harm[what] ?? text.harm[kind]} · {text.since} <Moment at={since} />
        </p>
      </div>
      <div className="problem-actions">
        {actionsOf(problem).map(({ name, to }) => (
          <Link key={name} to={to}>
            {text.actions[name]}
          </Link>
        ))}
      </div>
    </li>
  )
}
