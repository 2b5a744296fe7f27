// What stands around every page: navigation, how live the data is, and the choices of language, zone and theme.
import type { ReactNode } from 'react'
import { useConnection } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Link, pages, usePath } from '../url/index.ts'
import { Choices } from './Choices.tsx'
import './frame.css'
import { Icon, type IconName } from './icons.tsx'
import { LivePill } from './LivePill.tsx'

const navigation = [
  { name: 'overview', icon: 'overview' },
  { name: 'topics', icon: 'topic' },
  { name: 'groups', icon: 'group' },
  { name: 'brokers', icon: 'broker' },
  { name: 'clients', icon: 'client' },
  { name: 'decisions', icon: 'decision' },
] as const satisfies readonly { name: keyof typeof pages; icon: IconName }[]

export function Frame({ children }: { readonly children: ReactNode }) {
  const { shell } = useText()
  return (
    <div className="frame">
      <a className="skip" href="#page">
        {shell.skip}
      </a>
      <header className="bar">
        <Link to="/" className="brand">
          <Icon name="castle" />
          Castellan
        </Link>
        <div className="bar-end">
          <LivePill />
          <Choices />
        </div>
      </header>
      <nav className="navigation" aria-label={shell.navigation}>
        {navigation.map(({ name, icon }) => (
          <NavigationLink key={name} to={pages[name]} icon={icon} text={shell.pages[name]} />
        ))}
      </nav>
      <main id="page" className="main">
        <AwayBanner />
        {children}
      </main>
    </div>
  )
}

function NavigationLink({ to, icon, text }: { readonly to: string; readonly icon: IconName; readonly text: string }) {
  const path = usePath()
  const isHere = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)
  return (
    <Link to={to} className="navigation-link" aria-current={isHere ? 'page' : undefined}>
      <Icon name={icon} />
      {text}
    </Link>
  )
}

/** Said once, above everything, because it is true of everything on the page. */
function AwayBanner() {
  const { shell } = useText()
  const formats = useFormats()
  const state = useConnection()
  if (state.kind !== 'away') return null
  return (
    <div className="away" role="status" data-state="away">
      <Icon name="warning" />
      {shell.awayBanner(formats.clock(state.sinceMs))}
    </div>
  )
}
