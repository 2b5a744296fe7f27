import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestApi } from '../testing/api.ts'

let root: string
let api: TestApi

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'castellan-console-'))
  const dist = join(root, 'dist')
  mkdirSync(join(dist, 'assets'), { recursive: true })
  const index = '<!doctype html><title>Castellan</title>'
  const script = 'console.log(1)'
  writeFileSync(join(dist, 'index.html'), index)
  writeFileSync(join(dist, 'index.html.gz'), gzipSync(index))
  writeFileSync(join(dist, 'first-paint.js'), script)
  writeFileSync(join(dist, 'assets', 'index-5Spw5uxa.js'), script)
  writeFileSync(join(dist, 'assets', 'index-5Spw5uxa.js.gz'), gzipSync(script))
  writeFileSync(join(dist, '.env'), 'secret')
  writeFileSync(join(root, 'secret.txt'), 'secret')
  mkdirSync(join(root, 'dist-old'))
  writeFileSync(join(root, 'dist-old', 'index.html'), 'secret')
  symlinkSync(join(root, 'secret.txt'), join(dist, 'link.txt'))
  symlinkSync(root, join(dist, 'up'))
  api = await TestApi.start({ consoleFolder: dist })
})
afterAll(async () => {
  await api.stop()
  rmSync(root, { recursive: true })
})

const html = { accept: 'text/html,*/*' }

describe('the page', () => {
  test.each(['/', '/topics', '/topics/c/orders/messages?from=latest', '/index.html'])('is at %s', async (path) => {
    const answer = await api.get(path, html)
    expect(answer).toMatchObject({ status: 200, text: '<!doctype html><title>Castellan</title>' })
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/html/),
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringContaining("script-src 'self';"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
  })

  test('comes compressed where the build made that, and is cached for good where its name has a hash', async () => {
    const script = await api.get('/assets/index-5Spw5uxa.js', { 'accept-encoding': 'gzip' })
    expect(script.headers).toMatchObject({
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': expect.stringContaining('javascript'),
    })
    const plain = await api.get('/first-paint.js')
    expect(plain).toMatchObject({ status: 200, text: 'console.log(1)' })
    expect(plain.headers['cache-control']).toBe('no-cache')
    expect((await api.get('/', { ...html, 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip')
  })

  test.each([
    ['/assets/gone-12345678.js', html],
    ['/assets/gone.js', {}],
    ['/.env', {}],
    ['/link.txt', {}],
    ['/up/secret.txt', {}],
    ['/api/nothing', html],
    ['/link', html],
  ])('is not at %s', async (path, headers) => {
    const answer = await api.get(path, headers)
    expect(answer).toMatchObject({ status: 404, value: { code: 'NOT_FOUND' } })
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })

  test.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/..%2fdist-old/index.html',
    '/%00',
    '//etc/passwd',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
  ])('nothing leaves its folder: %s', async (path) => {
    // As it is written: clients and test tools would mend it.
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(api.server.address.port, '127.0.0.1')
      let text = ''
      socket.on('data', (bytes) => {
        text += bytes.toString()
      })
      socket.on('close', () => resolve(text)).on('error', reject)
      socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
    })
    expect(said).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(said).not.toContain('secret\r\n')
    expect(said.endsWith('secret')).toBe(false)
  })

  test('the names of other hosts get nothing of it', async () => {
    expect((await api.get('/', { ...html, host: 'evil.example' })).status).toBe(421)
  })
})

test('a folder without a page stops the start', async () => {
  await expect(TestApi.start({ consoleFolder: join(root, 'dist', 'assets') })).rejects.toMatchObject({
    code: 'CONFIG_WRONG',
    message: expect.stringContaining('no index.html'),
  })
  await expect(TestApi.start({ consoleFolder: join(root, 'nowhere') })).rejects.toMatchObject({ code: 'CONFIG_WRONG' })
})

test('without a console there is only the API', async () => {
  const bare = await TestApi.start()
  expect(await bare.get('/', html)).toMatchObject({ status: 404, value: { code: 'NOT_FOUND' } })
  await bare.stop()
})
