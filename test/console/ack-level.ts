// Flow 2 of console.md: what a weaker ack level can lose, the name typed, then how fast each client follows; a client without a link
// hears of it at its next heartbeat.
import { connect } from '@castellan/sdk'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { type Language, type Stage, textsOf } from './stage.ts'

const clientsCount = 3

export async function changeAckLevel(stage: Stage, language: Language): Promise<void> {
  const { topics, topic, danger, shell } = textsOf(language)
  const name = `flow-2-${language}`
  await stage.call('POST', '/api/topics', { name, partitions: 3 })
  const clients = await Promise.all(
    Array.from({ length: clientsCount }, () => connect({ castle: stage.platform.castle, service: name })),
  )
  try {
    await Promise.all(clients.map((client) => client.producer().send({ topic: name, value: 'before' })))
    await heartbeatOnce(stage, `offline-${language}`, name)
    const page = await stage.open(`/topics/default/${name}`, language)
    await page.getByText(topic.appliedClients(clientsCount, clientsCount + 1)).waitFor()
    await page.getByText(topic.raised).waitFor()
    await page.getByRole('button', { name: topic.ackChange(1) }).click()

    // What it would do; Cancel has the focus, and nothing happens before the name is typed.
    const dialog = page.getByRole('dialog', { name: topic.change.title(name) })
    await dialog.getByText(topics.ack.loses(1, 1)).waitFor()
    await dialog.getByText(topic.change.clients(clientsCount, clientsCount + 1)).waitFor()
    await dialog.getByRole('button', { name: shell.cancel }).and(page.locator(':focus')).waitFor()
    const apply = dialog.getByRole('button', { name: topic.change.verbAck(1) })
    expect(await apply.isDisabled()).toBe(true)
    await dialog.getByLabel(danger.reason).fill('a test')
    await dialog.getByLabel(danger.typeName(name)).fill(name)
    await apply.click()
    await dialog.waitFor({ state: 'hidden' })

    // It is in force, and every client that has a link follows, in measured time.
    await page.getByRole('button', { name: topic.ackChange(-1) }).waitFor()
    await waitFor('the time that it took', async () => /\d (ms|s)/.test(await appliedText(page)))
    await page.getByRole('navigation', { name: topic.tabsLabel }).getByText(topic.tabs.clients).click()
    await waitFor('each client to have applied it', async () => {
      const took = await page.locator('.grid-row:has([data-state="applied"]) [data-column="took"]').allInnerTexts()
      return took.length === clientsCount && took.every((text) => /^[\d.]+ (ms|s)$/.test(text))
    })
    await page.locator('.grid-row [data-state="offline"]').getByText(topic.clientStates.offline).waitFor()
    const { ackLevel } = await stage.call<{ ackLevel: number }>('GET', `/api/topics/${name}`)
    expect(ackLevel).toBe(1)
    const { items } = await stage.call<{ items: { why: string }[] }>('GET', '/api/decisions')
    expect(items.some(({ why }) => why.includes('a test'))).toBe(true)
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}

/** Somebody else changes the topic while the preview is looked at. */
export async function previewAnew(stage: Stage): Promise<void> {
  const { topic, danger, shell } = textsOf('en')
  const name = 'changed-meanwhile'
  await stage.call('POST', '/api/topics', { name, ackLevel: 1 })
  const page = await stage.open(`/topics/default/${name}`)
  const opener = page.getByRole('button', { name: topic.ackChange(-1) })
  await opener.click()
  const dialog = page.getByRole('dialog', { name: topic.change.title(name) })

  // Away with it, and back: the dialog stands in the address, and gives the focus back.
  await dialog.getByRole('button', { name: shell.cancel }).and(page.locator(':focus')).waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  await opener.and(page.locator(':focus')).waitFor()
  await page.goBack()
  await dialog.waitFor()
  const apply = dialog.getByRole('button', { name: topic.change.verbAck(-1) })
  await waitFor('the preview', () => apply.isEnabled())
  await stage.call('PATCH', `/api/topics/${name}`, { configs: { 'retention.ms': '60000' } })
  await apply.click()
  await dialog.getByText(danger.changed).waitFor()
  expect(await stage.call('GET', `/api/topics/${name}`)).toMatchObject({ ackLevel: 1 })
  await apply.click()
  await dialog.waitFor({ state: 'hidden' })
  expect(await stage.call('GET', `/api/topics/${name}`)).toMatchObject({ ackLevel: -1 })
}

async function appliedText(page: Page): Promise<string> {
  return (await page.locator('.applied').textContent()) ?? ''
}

/** A client that heartbeats by POST, and so has no link on which Castle could tell it anything. */
async function heartbeatOnce(stage: Stage, id: string, topic: string): Promise<void> {
  const report = {
    kind: 'client',
    service: 'offline',
    host: 'here',
    pid: 1,
    release: '0',
    cluster: null,
    topics: [topic],
    groups: [],
    holds: {},
  }
  const heartbeat = { type: 'heartbeat', kind: 'client', id, incarnation: '1', castleEpoch: 0, brokerEpoch: 0 }
  await stage.call('POST', '/heartbeat', { ...heartbeat, seq: 1, reportNumber: 1, report })
}
