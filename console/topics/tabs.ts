// The tabs of a topic: their order, and the room that draws each, loaded when it is first opened.
import type { ComponentType, LazyExoticComponent } from 'react'
import type { TopicView } from '../api/index.ts'
import type { Loading } from '../grid/index.ts'
import { lazily } from '../shell/lazily.ts'

export interface TabProps {
  readonly topic: TopicView
  /** Where the topic came from: failed or old is drawn from it. */
  readonly query: Loading
}

interface TabRow {
  readonly Tab: LazyExoticComponent<ComponentType<TabProps>>
  /** As high as the window: its table scrolls, not the page. */
  readonly isFilled: boolean
}

function tab(load: () => Promise<ComponentType<TabProps>>, { isFilled = false } = {}): TabRow {
  return { Tab: lazily(load), isFilled }
}

export const tabs = {
  overview: tab(async () => (await import('./OverviewTab.tsx')).OverviewTab),
  partitions: tab(async () => (await import('./PartitionsTab.tsx')).PartitionsTab, { isFilled: true }),
  messages: tab(async () => (await import('../messages/MessagesTab.tsx')).MessagesTab, { isFilled: true }),
  clients: tab(async () => (await import('./ClientsTab.tsx')).ClientsTab, { isFilled: true }),
  settings: tab(async () => (await import('./SettingsTab.tsx')).SettingsTab),
} as const

export type TabId = keyof typeof tabs
export const tabIds = Object.keys(tabs) as readonly TabId[]
