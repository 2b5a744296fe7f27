// All pages: the address of each and the room that draws it, loaded when it is first visited. Adding a page is a row here, one in
// url/pages.ts, and its texts in the catalogue.
import type { ComponentType, LazyExoticComponent } from 'react'
import { match, type Parts, pages } from '../url/index.ts'
import { lazily } from './lazily.ts'

export interface PageProps<Pattern extends string> {
  readonly parts: Parts<Pattern>
}

interface PageRow {
  readonly pattern: string
  readonly Page: LazyExoticComponent<ComponentType<{ readonly parts: Readonly<Record<string, string>> }>>
}

function page<Pattern extends string>(
  pattern: Pattern,
  load: () => Promise<ComponentType<PageProps<Pattern>>>,
): PageRow {
  // The parts are what `match` made of this very pattern.
  return { pattern, Page: lazily(load) as unknown as PageRow['Page'] }
}

const pageTable: readonly PageRow[] = [
  page(pages.overview, async () => (await import('../overview/OverviewPage.tsx')).OverviewPage),
  page(pages.topics, async () => (await import('../topics/TopicsPage.tsx')).TopicsPage),
  page(pages.topic, async () => (await import('../topics/TopicPage.tsx')).TopicPage),
  page(pages.groups, async () => (await import('../groups/GroupsPage.tsx')).GroupsPage),
  page(pages.group, async () => (await import('../groups/GroupPage.tsx')).GroupPage),
  page(pages.brokers, async () => (await import('../brokers/BrokersPage.tsx')).BrokersPage),
  page(pages.broker, async () => (await import('../brokers/BrokerPage.tsx')).BrokerPage),
  page(pages.clients, async () => (await import('../clients/ClientsPage.tsx')).ClientsPage),
  page(pages.client, async () => (await import('../clients/ClientPage.tsx')).ClientPage),
  page(pages.decisions, async () => (await import('../decisions/DecisionsPage.tsx')).DecisionsPage),
]

export function findPage(path: string): { row: PageRow; parts: Readonly<Record<string, string>> } | undefined {
  for (const row of pageTable) {
    const parts = match(row.pattern, path)
    if (parts !== undefined) return { row, parts }
  }
  return undefined
}
