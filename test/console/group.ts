// A group with a real consumer: it keeps up, its client holds what it should and obeys; then a message that cannot be processed shows
// on the first page, and from there leads to the group and to the message.
import { connect } from '@castellan/sdk'
import { expect } from 'vitest'
import { type Stage, textsOf } from './stage.ts'

const topic = 'consumed'
const group = 'readers'
const count = 30

export async function groupAndClient(stage: Stage): Promise<void> {
  const { groups, clients, overview, shell } = textsOf('zh-CN')
  await stage.call('POST', '/api/topics', { name: topic, partitions: 3 })
  const castellan = await connect({ castle: stage.platform.castle, service: 'reader' })
  try {
    const producer = castellan.producer()
    await Promise.all(Array.from({ length: count }, (_, i) => producer.send({ topic, key: `k-${i}`, value: 'good' })))
    const consumer = castellan.consumer({ group, topics: [topic], retry: { maxAttempts: 1 } })
    const running = consumer.run(async (message) => {
      if (message.text === 'bad') throw new Error('no such customer')
    })

    // It keeps up, and its one member processes what it should.
    const page = await stage.open(`/groups/default/${group}`, 'zh-CN')
    await page.locator('.figure[data-value="0"]').waitFor()
    await page.locator('.grid-row [data-state="settled"]').waitFor()
    expect(await page.getByText(`${topic}: 0-2`).count()).toBe(2)
    await page.getByRole('navigation', { name: groups.tabsLabel }).getByText(groups.tabs.offsets).click()
    const ends = page.locator('.grid-row [data-column="end"]')
    await ends.nth(2).waitFor()
    const sum = (await ends.allInnerTexts()).reduce((total, end) => total + Number(end), 0)
    expect(sum).toBe(count)

    // Its client holds what it should, and does what it is told.
    await page.locator('.grid-row [data-column="owner"] a').first().click()
    await page.locator('h1 [data-state="follows"]').waitFor()
    const subjects = page.getByRole('grid', { name: clients.subjects })
    await subjects.locator('[data-state="held"]').nth(2).waitFor()
    expect(await subjects.locator('[data-state="older"], [data-state="none"]').count()).toBe(0)
    await page.getByRole('button', { name: clients.directiveKinds.report }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: clients.direct.verb('report') })
      .click()
    await page.getByRole('grid', { name: clients.directives }).locator('[data-state="done"]').waitFor()

    // A message that cannot be processed: the first page says so, and leads there.
    const { partition, offset } = await producer.send({ topic, key: 'k-0', value: 'bad' })
    await page.getByRole('navigation', { name: shell.navigation }).getByText(shell.pages.overview).click()
    const problem = page.locator('.problem[data-state="stuck"]')
    await problem.getByText(`${topic}/${partition}@${offset}`).waitFor()
    await problem.getByText('no such customer').waitFor()
    await problem.getByRole('link', { name: overview.actions.group }).click()
    await page.locator('.stuck').getByText('no such customer').waitFor()
    await page.locator('.stuck').getByRole('link', { name: groups.stuckOpen }).click()
    await page.locator('.message').getByText('bad', { exact: true }).waitFor()
    await castellan.close()
    await running
  } finally {
    await castellan.close()
  }
}
