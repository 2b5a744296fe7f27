// The lag of a group in the list. Only rows in sight are in the page, so only those ask the brokers, and not often.
import { useText } from '../catalogue/index.ts'
import { useFormats } from '../formats/index.ts'
import { Tag } from '../shell/index.ts'
import { type GroupName, useGroup } from './api.ts'
import { totalLag } from './lag.ts'

const pollMs = 5_000

export function LagCell(name: GroupName) {
  const { groups: text } = useText()
  const formats = useFormats()
  const { data } = useGroup(name, pollMs)
  if (data === undefined) return null
  const lag = totalLag(data.offsets)
  if (lag === undefined) return <span className="quiet">–</span>
  if (lag === null) return <span className="quiet">{text.lagUnknown}</span>
  return <span data-value={lag}>{formats.count(lag)}</span>
}

/** Whether anybody works in it, and whether anything is stuck. */
export function GroupState({ members, ...name }: GroupName & { readonly members: number }) {
  const { states } = useText().groups
  const stuck = useGroup(name, pollMs).data?.stuck.length ?? 0
  if (stuck > 0) {
    return (
      <Tag tone="bad" state="stuck">
        {states.stuck(stuck)}
      </Tag>
    )
  }
  return members === 0 ? (
    <Tag state="empty">{states.empty}</Tag>
  ) : (
    <Tag tone="ok" state="active">
      {states.active}
    </Tag>
  )
}
