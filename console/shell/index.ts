// What pages take from the frame.
export { CopyButton } from './CopyButton.tsx'
export { ChoiceFilter, SearchBox, SwitchFilter } from './Filters.tsx'
export { Icon } from './icons.tsx'
export { PageLayout } from './PageLayout.tsx'
export type { PageProps } from './page-table.ts'
export { Tabs } from './Tabs.tsx'
export { Tag, type Tone } from './Tag.tsx'
