// From nothing to a first message: the overview's three steps lead there, and the message has an address that shows it again. To be the
// first of all cases: a platform is new only once.
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { type Stage, textsOf } from './stage.ts'

const name = 'first'
/** No double has this id: whoever reads it as a number rounds it. */
const value = '{"id":9007199254740993,"who":"Zoë"}'

export async function firstMessage(stage: Stage): Promise<void> {
  const { overview, shell, topic, messages } = textsOf('en')
  const { steps } = overview
  const page = await stage.open('/')
  await page.getByText(overview.fine).waitFor()
  expect(await page.getByText(stage.platform.castle).textContent()).toContain('await connect')

  // 1. A topic.
  await page.getByRole('link', { name: steps.create }).click()
  const creation = page.getByRole('dialog', { name: topic.creation.title })
  await creation.getByLabel(topic.creation.name, { exact: true }).fill(name)
  await creation.getByRole('button', { name: topic.creation.verb(6) }).click()
  await creation.waitFor({ state: 'hidden' })
  await page.getByRole('navigation', { name: shell.navigation }).getByText(shell.pages.overview).click()
  await page.locator('.step[data-state="done"]').getByRole('link', { name }).waitFor()

  // 3. A message, by hand: a second press on the button would be another one, so the form says where this one stands.
  await page.getByRole('link', { name: steps.produce }).click()
  const writing = page.getByRole('dialog', { name: messages.writing.title(name) })
  await writing.getByLabel(messages.writing.key, { exact: true }).fill('k-1')
  await writing.getByLabel(messages.writing.value, { exact: true }).fill(value)
  const headers = writing.getByLabel(messages.writing.headers)
  await headers.fill('no header')
  await writing.getByText(messages.writing.headersWrong('no header')).waitFor()
  expect(await writing.getByRole('button', { name: messages.writing.verb }).isDisabled()).toBe(true)
  await headers.fill('source: by hand')
  await writing.getByRole('button', { name: messages.writing.verb }).click()
  const written = writing.locator('[data-state="written"]')
  await written.waitFor()
  const place = (await written.getAttribute('data-value')) ?? ''
  expect(place).toMatch(/^[0-5]@0$/)

  // Its address shows it, and shows it again to whoever opens it.
  await writing.getByRole('link', { name: messages.writing.look }).click()
  await writing.waitFor({ state: 'hidden' })
  await showsMessage(page, place)
  await page.reload()
  await showsMessage(page, place)
  const drawer = page.getByRole('dialog', { name: messages.message(`${name}/${place}`) })
  await drawer.getByRole('button', { name: messages.views.hex }).click()
  await drawer.getByText('7b 22 69 64 22 3a 39 30').waitFor()

  // One after it there is nothing, and that is said; back, and away.
  await drawer.getByRole('link', { name: messages.after }).click()
  await page.getByText(messages.gone.notYet('1')).waitFor()
  await page.goBack()
  await drawer.getByText('by hand').waitFor()
  await page.keyboard.press('Escape')
  await waitFor('the drawer to leave the address', () => !page.url().includes('message='))
}

async function showsMessage(page: Page, place: string): Promise<void> {
  const { messages } = textsOf('en')
  await page.locator(`.grid-row[data-key="${place}"]`).getByText('k-1').waitFor()
  const drawer = page.getByRole('dialog', { name: messages.message(`${name}/${place}`) })
  await drawer.getByText('9007199254740993').waitFor()
  await drawer.getByText('by hand').waitFor()
}

/** What comes is seen as it comes, until one pauses; a filter says what it looked at. */
export async function followLive(stage: Stage): Promise<void> {
  const { messages } = textsOf('en')
  const topic = 'followed'
  await stage.call('POST', '/api/topics', { name: topic, partitions: 2 })
  const write = (text: string) =>
    stage.call('POST', `/api/topics/${topic}/messages`, {
      partition: 0,
      key: { text },
      value: { text: `value of ${text}` },
    })
  await write('one')
  const page = await stage.open(`/topics/default/${topic}/messages`)
  const row = (text: string) => page.getByRole('gridcell', { name: text, exact: true })
  await row('one').waitFor()
  await page.getByRole('button', { name: messages.follow }).click()
  await page.locator('.progress[data-state="following"]').waitFor()
  await write('two')
  await row('two').waitFor()
  await page.getByRole('button', { name: messages.pause }).click()
  await page.locator('.progress[data-state="idle"]').waitFor()
  await write('three')
  await page.getByLabel(messages.start).selectOption('earliest')
  await page.getByLabel(messages.contains).fill('of three')
  await page.locator('.progress[data-state="idle"][data-value="1"]').waitFor()
  await row('three').waitFor()
  await page.getByText(messages.scannedAll('3', '3', 2)).waitFor()
  expect(await row('two').count()).toBe(0)
}
