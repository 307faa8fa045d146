import { expect, it } from 'vitest'
import { isAllowedHost, isForeignSite, isLoopback } from '../../src/console/host-header.ts'

const isAllowed = (host: string | undefined): boolean => isAllowedHost(host, ['ops.example.com'])
const ours = ['localhost', 'LOCALHOST:8484', '127.0.0.1', '127.8.8.8:1', '[::1]', '[::1]:8484', 'ops.example.com', 'Ops.Example.COM:443']
const names = ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '0.0.0.0', '[::]', '[::2]']
const noNames = ['localhost:x', 'a@localhost', 'localhost/', 'localhost, evil.example', '', ' ', undefined]

it('answers under loopback names and the configured ones, on any port', () => {
  expect(ours.filter((host) => !isAllowed(host))).toEqual([])
})

it('does not answer under any other name, nor to what is no name', () => {
  expect([...names, ...noNames].filter(isAllowed)).toEqual([])
})

it('knows which addresses only this machine can reach', () => {
  expect(['127.0.0.1', '::1', '[::1]', 'localhost', '::ffff:127.0.0.1'].filter((address) => !isLoopback(address))).toEqual([])
  expect(['0.0.0.0', '::', '192.168.1.2', 'example.com', '1270.0.0.1', '127.0.0.1.example.com', ''].filter(isLoopback)).toEqual([])
})

it('tells a request of another site from one of the console, a script or the address bar', () => {
  expect(['cross-site', 'same-site'].map(isForeignSite)).toEqual([true, true])
  expect(['same-origin', 'none', undefined].map(isForeignSite)).toEqual([false, false, false])
})
