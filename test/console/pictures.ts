// Makes the pictures of the README anew, from the real page on real processes: `node test/console/pictures.ts`. Needs Chromium and a
// font with Chinese characters (fonts-noto-cjk).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '@castellan/sdk'
import type { Page } from 'playwright-core'
import { root, waitFor } from '../processes/index.ts'
import { type Language, Stage, textsOf } from './stage.ts'

const folder = join(root, 'docs', 'pictures')
const names = ['orders', 'payments', 'shipments', 'invoices', 'stock', 'customers', 'emails', 'page-views']

mkdirSync(folder, { recursive: true })
const stage = await Stage.start()
try {
  await furnish()
  await pictureOfCreation()
  await pictureOfAckLevel()
  await picture('topic-zh-dark', '/topics/default/orders', 'zh-CN', 'dark', textsOf('zh-CN').topic.members(2))
  await picture('messages', '/topics/default/orders/messages', 'en', 'light', '{"id":')
} finally {
  await stage.stop()
}
process.exit() // the clients of furnish

async function furnish(): Promise<void> {
  for (const [index, name] of names.entries()) {
    const ackLevel = index % 4 === 3 ? 1 : -1
    const owner = ['shop', 'billing', 'warehouse'][index % 3]
    await stage.call('POST', '/api/topics', {
      name,
      partitions: 3 + (index % 3) * 3,
      ackLevel,
      owner,
      labels: { tier: index % 2 === 0 ? 'gold' : 'silver' },
    })
  }
  const services = ['shop', 'billing', 'billing']
  const clients = await Promise.all(services.map((service) => connect({ castle: stage.platform.castle, service })))
  for (const client of clients) {
    const messages = Array.from({ length: 400 }, (_, index) => ({
      topic: 'orders',
      key: `o-${index}`,
      value: `{"id":${index}}`,
    }))
    await client.producer().sendBatch(messages)
  }
  for (const client of clients.slice(1)) {
    void client.consumer({ group: 'billing', topics: ['orders'] }).run(async () => {})
  }
  await waitFor('the group', async () => {
    const { items } = await stage.call<{ items: { members: number }[] }>('GET', '/api/groups')
    return items.some(({ members }) => members === 2)
  })
}

/** Flow 1: where the partitions of a topic would stand. */
async function pictureOfCreation(): Promise<void> {
  const { topics, topic } = textsOf('en')
  const page = await openAt('/topics', 'en', 'light', 860)
  await page.getByRole('button', { name: topics.create }).click()
  const dialog = page.getByRole('dialog', { name: topic.creation.title })
  await dialog.getByLabel(topic.creation.name, { exact: true }).fill('refunds')
  await dialog.getByText(topic.creation.nameFree).waitFor()
  await dialog.getByText(topic.creation.survives(1)).waitFor()
  await save(page, 'create-topic')
}

/** Flow 2: a changed ack level, and how soon each client followed. */
async function pictureOfAckLevel(): Promise<void> {
  await stage.call('PATCH', '/api/topics/orders', { ackLevel: 1 })
  await stage.call('PATCH', '/api/topics/orders', { ackLevel: -1 })
  const page = await openAt('/topics/default/orders/clients', 'en', 'light')
  await page.locator('.grid-row [data-state="applied"]').first().waitFor()
  await save(page, 'ack-level')
}

async function picture(
  name: string,
  path: string,
  language: Language,
  theme: 'light' | 'dark',
  sign: string,
): Promise<void> {
  const page = await openAt(path, language, theme)
  await page.getByText(sign).first().waitFor()
  await save(page, name)
}

async function openAt(path: string, language: Language, theme: 'light' | 'dark', height = 640): Promise<Page> {
  const page = await stage.open(path, language)
  await page.emulateMedia({ colorScheme: theme })
  await page.setViewportSize({ width: 1280, height })
  await page.locator('.pill[data-state="live"]').waitFor()
  return page
}

async function save(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`) })
}
