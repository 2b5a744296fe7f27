// Topics for tests of foreign clients, made by Castle's API: clients find them, they do not make them.

export interface NewTopic {
  readonly name: string
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly ackLevel?: -1 | 1 | 0
  readonly configs?: Readonly<Record<string, string>>
}

let made = 0

/** Makes a topic, of one replica unless told otherwise; returns its name, which nobody else has. */
export async function makeTopic(castle: string, topic: Partial<NewTopic> = {}): Promise<string> {
  made++
  const name = topic.name ?? `topic-${process.pid}-${made}`
  const body = { partitions: 3, replicationFactor: 1, ackLevel: -1, ...topic, name }
  const response = await fetch(`${castle}/api/topics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`POST /api/topics answered ${response.status}: ${await response.text()}`)
  return name
}
