// The console on a real stage: the built page, served by a real Castle with real brokers, in one real Chromium for all tests.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { en } from '@castellan/console/catalogue/en'
import { zh } from '@castellan/console/catalogue/zh'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { pathOf, root, startPlatform, type TestPlatform } from '../processes/index.ts'

export type Language = 'en' | 'zh-CN'
export type Texts = typeof zh

/** What the page says in a language: tests find everything by these. */
export function textsOf(language: Language): Texts {
  return language === 'en' ? en : zh
}

const dist = join(root, 'console', 'dist')
/** A busy machine is slow, not wrong. */
const deadlineMs = 15_000

export class Stage {
  readonly platform: TestPlatform
  readonly #browser: Browser
  readonly #contexts = new Set<BrowserContext>()
  /** What went wrong in any page: errors that nobody caught. */
  readonly errors: string[] = []

  private constructor(platform: TestPlatform, browser: Browser) {
    this.platform = platform
    this.#browser = browser
  }

  static async start(): Promise<Stage> {
    if (!existsSync(join(dist, 'index.html'))) throw new Error('the console is not built: npm test builds it')
    const executablePath = pathOf('Chromium')
    if (executablePath === undefined) throw new Error('there is no Chromium on this machine')
    const [platform, browser] = await Promise.all([
      startPlatform(),
      // Chromium's own sandbox does not work for root in a container; the only page it sees is ours.
      chromium.launch({ executablePath, args: ['--no-sandbox'] }),
    ])
    return new Stage(platform, browser)
  }

  /** A page as somebody who speaks `language` opens it. */
  async open(path: string, language: Language = 'en'): Promise<Page> {
    const locale = language === 'en' ? 'en-US' : language
    const context = await this.#browser.newContext({ locale, viewport: { width: 1440, height: 900 } })
    this.#contexts.add(context)
    context.setDefaultTimeout(deadlineMs)
    const page = await context.newPage()
    page.on('pageerror', (error) => this.errors.push(`${page.url()}: ${error.stack ?? error.message}`))
    await page.goto(this.platform.castle + path)
    return page
  }

  /** Castle's API, past the console. Rejects unless it answers 2xx. */
  async call<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    const init: RequestInit = { method }
    if (body !== undefined) {
      init.headers = { 'content-type': 'application/json' }
      init.body = JSON.stringify(body)
    }
    const response = await fetch(this.platform.castle + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return (text === '' ? null : JSON.parse(text)) as Answer
  }

  /** Closes the pages of one test. */
  async closePages(): Promise<void> {
    await Promise.all([...this.#contexts].map((context) => context.close()))
    this.#contexts.clear()
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    await this.platform.stop()
  }
}
