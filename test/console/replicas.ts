// A broker is killed under an open page: within a moment the page says which partitions lack a replica, and why; with the broker back all is
// well again, without a reload. What only that broker has is offline, and people are told what an election would do.
import { expect } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { type Language, type Stage, textsOf } from './stage.ts'

export async function replicasLive(stage: Stage, language: Language): Promise<void> {
  const { topic, topics, overview } = textsOf(language)
  await stage.call('POST', '/api/topics', { name: 'watched', partitions: 2 })
  await stage.call('POST', '/api/topics', { name: 'alone', partitions: 3, replicationFactor: 1 })
  const { items: brokers } = await stage.call<{ items: { id: number; pid: number }[] }>('GET', '/api/brokers')
  const victim = brokers.findLast(({ pid }) => pid === stage.platform.process('broker-2').pid)?.id as number
  const page = await stage.open('/topics/default/watched/partitions', language)
  const row = page.locator('[data-key="0"]')
  await row.locator('[data-state="ok"]').getByText(topic.partitionStates.ok).waitFor()
  await row.locator('.replica[data-value="0"]').nth(2).waitFor()

  await stage.platform.kill('broker-2')
  await row.locator('[data-state="under-replicated"]').waitFor()
  await row.getByText(topic.why.down(victim)).waitFor()
  expect(await row.locator('.replica[data-state="down"]').textContent()).toContain(String(victim))

  // One replica that is gone: nobody can lead, and an election is refused with the reason before it is asked for.
  const other = await stage.open('/topics/default/alone/partitions', language)
  await other.locator('[data-state="offline"]').first().waitFor()
  await other.getByRole('button', { name: topic.electUnclean }).click()
  const dialog = other.getByRole('dialog', { name: topic.election.title('alone') })
  await dialog.getByText(topic.election.nobody).waitFor()
  expect(await dialog.getByRole('button', { name: topic.election.verb(0) }).isDisabled()).toBe(true)

  // The first page says both, with what it means.
  const first = await stage.open('/', language)
  for (const kind of ['leaderless', 'under-replicated'] as const) {
    await first
      .locator(`.problem[data-state="${kind}"]`)
      .getByText(overview.harm[kind] as string)
      .waitFor()
  }
  await first.goto(`${stage.platform.castle}/topics?troubled=1`)
  await first.locator('[data-key="default/watched"]').getByText(topics.states.underReplicated(2)).waitFor()

  await stage.platform.restart('broker-2')
  await stage.platform.untilUp()
  await row.locator('[data-state="ok"]').waitFor()
  await row.locator('.replica[data-value="0"]').nth(2).waitFor()
  await waitFor('no topic to be listed any more', async () => {
    return (await first.locator('[data-key="default/watched"]').count()) === 0
  })
  await first.goto(stage.platform.castle)
  await first.getByText(overview.lately).waitFor()
  await waitFor('the first page to tell of no replica that is missing', async () => {
    const kinds = ['leaderless', 'under-replicated', 'broker-down'].map((kind) => `.problem[data-state="${kind}"]`)
    return (await first.locator(kinds.join(', ')).count()) === 0
  })
}

/** More partitions: said that there is no way back, the name typed. */
export async function addPartitions(stage: Stage, language: Language): Promise<void> {
  const { topic } = textsOf(language)
  await stage.call('POST', '/api/topics', { name: 'grows', partitions: 2 })
  const page = await stage.open('/topics/default/grows/partitions', language)
  await page.getByRole('button', { name: topic.addPartitions }).click()
  const dialog = page.getByRole('dialog', { name: topic.change.title('grows') })
  await dialog.getByLabel(topic.partitionsTotal).fill('5')
  await dialog.getByText(topic.change.partitions(2, 5)).waitFor()
  await dialog.getByLabel(textsOf(language).danger.typeName('grows')).fill('grows')
  await dialog.getByRole('button', { name: topic.change.verbPartitions(3) }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page.locator('[data-key="4"] [data-state="ok"]').waitFor()
}
