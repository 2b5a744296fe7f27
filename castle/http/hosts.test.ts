import { expect, test } from 'vitest'
import { refuseHost } from './hosts.ts'

const settings = { listen: { host: 'Castle.Internal', port: 8600 }, insecure: false }

test.each([
  undefined,
  'localhost',
  'LOCALHOST:5173',
  'localhost.:8600',
  '127.0.0.1:1',
  '127.8.9.10',
  '[::1]:8600',
  'castle.internal:9',
])('%s is this Castle', (host) => {
  expect(refuseHost(host, settings)).toBeUndefined()
})

test.each([
  '',
  'evil.example',
  'evil.example:8600',
  '127.0.0.1.evil.example',
  '127.evil.example',
  'localhost.evil.example',
  'evil@localhost',
  'localhost/evil.example',
  '[::2]',
  '192.168.0.1:8600',
])("'%s' is not, but where other machines may come in", (host) => {
  expect(refuseHost(host, settings)).toMatchObject({ code: 'HOST_UNKNOWN', status: 421 })
  expect(refuseHost(host, { ...settings, insecure: true })).toBeUndefined()
})
