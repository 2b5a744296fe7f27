// What Castle decided, and why.
export const decisions = {
  title: 'Decisions',
  filter: 'Filter by what was decided or why',
  anyKind: 'All kinds',
  about: 'Only about',
  everything: 'Show all',
  nothingYet: 'Castle has not decided anything yet.',
  nothingAbout: (about: string) => `Castle keeps no decision about ${about}.`,
  /** Said where the page speaks another language. */
  english: '',
  columns: { number: 'No.', at: 'When', kind: 'Kind', what: 'What', why: 'Why', about: 'About' },
  kinds: {
    election: 'leader elected',
    'broker-up': 'broker up',
    'broker-down': 'broker down',
    'topic-created': 'topic created',
    'topic-changed': 'topic changed',
    'topic-deleted': 'topic deleted',
    'group-target': 'assignment',
    'cluster-changed': 'cluster changed',
    'castle-epoch': 'Castle took over',
  } as Readonly<Record<string, string>>,
}
