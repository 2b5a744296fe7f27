// Tabs of a page: links, because each tab has an address of its own.
import { Link } from '../url/index.ts'

interface TabsProps {
  readonly label: string
  readonly tabs: readonly { readonly id: string; readonly text: string; readonly to: string }[]
  readonly current: string
}

export function Tabs({ label, tabs, current }: TabsProps) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ id, text, to }) => (
        <Link key={id} to={to} className="tab" aria-current={id === current ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  )
}
