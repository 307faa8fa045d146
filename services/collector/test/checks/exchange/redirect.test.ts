import { expect, test } from 'vitest'
import { followRedirect } from '../../../src/checks/exchange/redirect.ts'

const question = {
  url: new URL('https://a.example/x/y'),
  method: 'POST',
  headers: { authorization: 'Bearer t', cookie: 'c', 'content-type': 'text/plain', accept: '*/*' },
  body: 'b',
}

test('an answer that is no redirect, or names no place, leads nowhere', () => {
  expect(followRedirect(question, { status: 200, location: '/z' })).toBeUndefined()
  expect(followRedirect(question, { status: 302, location: undefined })).toBeUndefined()
  expect(followRedirect(question, { status: 304, location: '/z' })).toBeUndefined()
})

test.each([
  [301, 'GET', undefined],
  [302, 'GET', undefined],
  [303, 'GET', undefined],
  [307, 'POST', 'b'],
  [308, 'POST', 'b'],
])('after %i a POST goes on as %s', (status, method, body) => {
  expect(followRedirect(question, { status, location: 'z' })).toMatchObject({ method, body, url: new URL('https://a.example/x/z') })
})

test('a HEAD stays a HEAD', () => {
  expect(followRedirect({ ...question, method: 'HEAD' }, { status: 303, location: '/' })?.method).toBe('HEAD')
})

test('only harmless headers go to another server than the one that was named', () => {
  const get = { ...question, method: 'GET', body: undefined, headers: { ...question.headers, 'x-auth-token': 't' } }
  expect(followRedirect(get, { status: 307, location: '/z' })?.headers).toEqual(get.headers)
  const elsewhere = { 'content-type': 'text/plain', accept: '*/*' }
  for (const location of ['https://b.example/', 'http://a.example/', 'https://a.example:8443/'])
    expect(followRedirect(get, { status: 307, location })?.headers).toEqual(elsewhere)
})

test('a server that sends us to itself by TLS is the same server', () => {
  const plain = { ...question, url: new URL('http://a.example/x') }
  expect(followRedirect(plain, { status: 308, location: 'https://a.example/x' })).toMatchObject({ headers: plain.headers, body: 'b' })
})

test('a body is not handed on to another server', () => {
  expect(() => followRedirect(question, { status: 307, location: 'https://b.example/' })).toThrow(
    'it redirects the body to https://b.example, another server',
  )
})
