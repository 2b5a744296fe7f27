// The frame around every page.
import { n } from './plural.ts'

export const shell = {
  navigation: 'Main',
  skip: 'Skip to the page',
  pages: {
    overview: 'Overview',
    topics: 'Topics',
    groups: 'Groups',
    brokers: 'Brokers',
    clients: 'Clients',
    decisions: 'Decisions',
  },
  language: 'Language',
  theme: 'Theme',
  themes: { system: 'System', light: 'Light', dark: 'Dark' },
  zone: 'Time zone',
  zones: { local: 'Local time', utc: 'UTC' },
  settings: 'Settings of the page',
  live: {
    live: (age: string) => `Live · ${age}`,
    connecting: 'Connecting',
    polling: (age: string) => `No live stream · as of ${age}`,
    away: (since: string) => `Castle away since ${since}`,
    explain: {
      live: 'Castle tells this page of every change at once.',
      connecting: 'Waiting for the first word from Castle.',
      polling: 'The live stream is silent, so this page asks every 2 seconds.',
      away: 'Castle does not answer. What you see is what it last said; brokers and clients go on with their last assignment. The page recovers by itself.',
    },
  },
  awayBanner: (since: string) =>
    `Castle does not answer since ${since}. This page keeps what it last said and tries again by itself.`,
  asOf: (time: string, age: string) => `as of ${time}, ${age}`,
  notFound: 'There is no such page.',
  notFoundHint: 'The address may be mistyped, or the thing it names was never here.',
  toOverview: 'To the overview',
  pageFailed: 'This page broke.',
  pageFailedHint:
    'That is a defect of the console. Nothing was changed by it. Reload, and report it with the words below.',
  reload: 'Reload',
  retry: 'Retry',
  loading: 'Loading',
  close: 'Close',
  cancel: 'Cancel',
  copy: 'Copy',
  copied: 'Copied',
  copyRefused: 'The browser refuses to copy',
  partial: (shown: number) => `Only the first ${n(shown, 'row')} are shown: filter to see the rest.`,
}
