// The head of a page: where one is, what it is called, what can be done; and the column that its panels stand in.
import { type ReactNode, useEffect } from 'react'
import { Link } from '../url/index.ts'

interface PageLayoutProps {
  readonly title: ReactNode
  /** Of the browser's tab. */
  readonly name: string
  /** The pages above this one. */
  readonly trail?: readonly { readonly text: string; readonly to: string }[]
  readonly actions?: ReactNode
  /** The page is as high as the window, and its table scrolls, not the page. */
  readonly isFilled?: boolean
  readonly children: ReactNode
}

export function PageLayout({ title, name, trail = [], actions, isFilled = false, children }: PageLayoutProps) {
  useEffect(() => {
    document.title = `${name} · Castellan`
  }, [name])
  return (
    <div className={isFilled ? 'page page-filled' : 'page'}>
      <header className="page-head">
        <div className="page-title">
          {trail.length > 0 && (
            <nav className="trail">
              {trail.map(({ text, to }) => (
                <span key={to}>
                  <Link to={to}>{text}</Link>
                  <span aria-hidden="true"> / </span>
                </span>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
        </div>
        <div className="page-actions">{actions}</div>
      </header>
      {children}
    </div>
  )
}
