import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runHere } from './testing/memory-io.ts'

let server: Server
let url: string

/** Another server than Castle, which has JSON of its own, and a page for everything else. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const isJson = request.url?.startsWith('/api/topics?') === true
    response.writeHead(isJson ? 200 : 404, { 'content-type': isJson ? 'application/json' : 'text/html' })
    response.end(isJson ? '{"a":1}' : '<h1>nothing here</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.close()
})

test.each(['topic list', 'group describe g', 'status'])('%s of a server that is no Castle', async (words) => {
  const ran = await runHere([...words.split(' '), '--castle', url])
  expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining(`What answers at ${url} is no Castle`) })
})

test.each([`/castle`, '/?a=1'])('an address with %s behind it is refused, rather than used without', async (rest) => {
  const ran = await runHere(['topic', 'list', '--castle', `${url}${rest}`])
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`--castle is '${url}${rest}'`) })
})

test.each([
  [['produce', 't', '--header', '__proto__=x', '--header', 'constructor=y'], 5, 'no Castle'],
  [['topic', 'change', 't', '--config', 'a=1', '--config', 'a=2'], 2, '--config sets a twice'],
  [['topic', 'change', 't', '--label', 'a=1', '--remove-label', 'a'], 2, '--remove-label takes it away'],
])('%j', async (words, code, sentence) => {
  expect(await runHere([...words, '--castle', `${url}`])).toMatchObject({
    code,
    stderr: expect.stringContaining(sentence),
  })
})

test('-h is help behind an argument, and a value behind an option', async () => {
  expect(await runHere('topic describe orders -h')).toMatchObject({ code: 0, stdout: expect.stringContaining('NAME') })
  expect(await runHere(['consume', 'orders', '--from', '-h'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("'-h'"),
  })
})
