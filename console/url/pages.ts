// The addresses of all pages. Whoever links to one uses `href(pages.topic, {...})`.
export const pages = {
  overview: '/',
  topics: '/topics',
  topic: '/topics/:cluster/:topic/:tab?',
  groups: '/groups',
  group: '/groups/:cluster/:group/:tab?',
  brokers: '/brokers',
  broker: '/brokers/:cluster/:id',
  clients: '/clients',
  client: '/clients/:id',
  decisions: '/decisions',
} as const
