// An ack level in words; those that can lose messages stand out.
import { useText } from '../catalogue/index.ts'
import { Tag } from '../shell/index.ts'

export type AckLevel = -1 | 1 | 0

export const ackLevels: readonly AckLevel[] = [-1, 1, 0]

interface AckTagProps {
  readonly level: AckLevel
  readonly replicas: number
}

export function AckTag({ level, replicas }: AckTagProps) {
  const { ack } = useText().topics
  return (
    <Tag
      tone={level === -1 ? 'neutral' : 'warn'}
      state={`ack${level}`}
      title={`${ack.waitsFor[level]} ${ack.loses(level, replicas)}`}
    >
      {ack.short[level]}
    </Tag>
  )
}
