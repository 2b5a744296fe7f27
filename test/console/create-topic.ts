// Flow 1 of console.md: the name is checked while it is typed, the placement is shown, too many replicas are an error in place; the row
// is `creating` until every broker knows the topic, then `ready`; and it survives kill -9 of Castle.
import { expect } from 'vitest'
import { waitFor } from '../processes/index.ts'
import { type Language, type Stage, textsOf } from './stage.ts'

export async function createTopic(stage: Stage, language: Language): Promise<void> {
  const { topics, topic } = textsOf(language)
  const { creation } = topic
  const name = `flow-1-${language}`
  await stage.call('POST', '/api/topics', { name: `taken-${language}` })
  const page = await stage.open('/topics', language)
  await page.getByRole('button', { name: topics.create }).click()
  const dialog = page.getByRole('dialog', { name: creation.title })

  // The name, while it is typed.
  const nameField = dialog.getByLabel(creation.name, { exact: true })
  const isRefused = async () => (await nameField.getAttribute('aria-invalid')) === 'true'
  await nameField.and(page.locator(':focus')).waitFor()
  await nameField.fill('not a name')
  await waitFor('a wrong name to be refused', isRefused)
  await nameField.fill(`taken-${language}`)
  await waitFor('the refusal to name the topic that exists', async () => {
    return (await dialog.textContent())?.includes(`taken-${language}`)
  })
  const submit = dialog.getByRole('button', { name: creation.verb(6) })
  expect(await submit.isDisabled()).toBe(true)
  await nameField.fill(name)
  await dialog.getByText(creation.nameFree).waitFor()

  // Where it would stand, and too many replicas.
  const placement = dialog.getByRole('region', { name: creation.placement })
  for (const id of [1, 2, 3]) await placement.getByText(creation.broker(id)).waitFor()
  await placement.getByText(creation.survives(1)).waitFor()
  const replicas = dialog.getByLabel(creation.replicas)
  await replicas.fill('5')
  await waitFor('too many replicas to be refused', async () => (await replicas.getAttribute('aria-invalid')) === 'true')
  expect(await submit.isDisabled()).toBe(true)
  await replicas.fill('')
  await dialog.getByText(creation.replicasHint(3)).waitFor()
  // A number that is none is said, and never put right in silence.
  const partitions = dialog.getByLabel(creation.partitions, { exact: true })
  for (const typed of ['', '0', '1.5', '99999999']) {
    await partitions.fill(typed)
    await dialog.getByText(creation.numberWrong(10_000)).waitFor()
    expect(await submit.count()).toBe(0)
  }
  await partitions.fill('6')
  await waitFor('the form to be right again', () => submit.isEnabled())

  // A broker that is held up makes `creating` last until it goes on.
  const { pid } = stage.platform.process('broker-3')
  process.kill(pid, 'SIGSTOP')
  try {
    await submit.click()
    await dialog.waitFor({ state: 'hidden' })
    const creating = page.locator(`[data-key="default/${name}"] [data-state="creating"]`)
    await creating.getByText(topics.states.creating).waitFor()
    // Still, when the others know it and the page has heard so.
    await waitFor('the other brokers to know it', async () => {
      const { applied } = await stage.call<{ applied: { brokers: { current: number } } }>('GET', `/api/topics/${name}`)
      return applied.brokers.current >= 2
    })
    for (let look = 0; look < 2; look++)
      await page.waitForResponse((response) => response.url().includes(`/topics/${name}?`))
    expect(await creating.count()).toBe(1)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const ready = page.getByRole('row').filter({ hasText: name }).locator('[data-state="ready"]')
  await ready.getByText(topics.states.ready).waitFor()

  // What was called done is on disk (R11).
  await stage.platform.kill('castle')
  await stage.platform.restart('castle')
  await stage.platform.untilUp()
  await page.reload()
  await ready.waitFor()
}
