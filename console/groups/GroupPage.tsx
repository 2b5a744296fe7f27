// /groups/:cluster/:group/:tab: does it keep up? If not, where, and who is at it?
import { type GroupView, problemOf } from '../api/index.ts'
import { useText } from '../catalogue/index.ts'
import { Failure, type Loading } from '../grid/index.ts'
import { PageLayout, type PageProps, Tabs, Tag } from '../shell/index.ts'
import { href, pages } from '../url/index.ts'
import { useGroup } from './api.ts'
import './groups.css'
import { LagPanels } from './LagPanels.tsx'
import { MembersTab } from './MembersTab.tsx'
import { OffsetsTab } from './OffsetsTab.tsx'
import { Stuck } from './Stuck.tsx'

const pollMs = 1_500
const tabs = ['members', 'offsets'] as const

export function GroupPage({ parts: { cluster, group, tab } }: PageProps<typeof pages.group>) {
  const { groups: text, shell } = useText()
  const query = useGroup({ cluster, group }, pollMs)
  const current = tabs.find((id) => id === tab) ?? 'members'
  const isUnknown = query.error !== null && problemOf(query.error).code === 'GROUP_UNKNOWN'
  const view = isUnknown ? undefined : query.data
  return (
    <PageLayout
      name={group}
      title={<Title group={group} view={view} />}
      trail={[{ text: text.title, to: pages.groups }]}
    >
      {view === undefined && query.error !== null && <Failure query={query} />}
      {view === undefined && query.error === null && <div className="late" role="status" aria-label={shell.loading} />}
      {view !== undefined && (
        <>
          {view.stuck.length > 0 && <Stuck view={view} />}
          <LagPanels view={view} query={query} />
          <Tabs
            label={text.tabsLabel}
            current={current}
            tabs={tabs.map((id) => ({ id, text: text.tabs[id], to: href(pages.group, { cluster, group, tab: id }) }))}
          />
          {current === 'members' ? <MembersTab view={view} query={query} /> : <OffsetsTab view={view} query={query} />}
        </>
      )}
    </PageLayout>
  )
}

export interface GroupProps {
  readonly view: GroupView
  readonly query: Loading
}

function Title({ group, view }: { readonly group: string; readonly view: GroupView | undefined }) {
  const { states } = useText().groups
  return (
    <>
      {group}
      {view !== undefined && view.stuck.length > 0 && (
        <Tag tone="bad" state="stuck">
          {states.stuck(view.stuck.length)}
        </Tag>
      )}
      {view !== undefined &&
        (view.members.length === 0 ? (
          <Tag state="empty">{states.empty}</Tag>
        ) : (
          <Tag tone="ok" state="active">
            {states.active}
          </Tag>
        ))}
    </>
  )
}
