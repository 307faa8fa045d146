import { expect, test } from 'vitest'
import { followRedirect } from '../../src/checks/redirect.ts'

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

test('private headers stay with the server that was named', () => {
  expect(followRedirect(question, { status: 307, location: '/z' })?.headers).toEqual(question.headers)
  expect(followRedirect(question, { status: 307, location: 'https://b.example/' })?.headers).toEqual({
    'content-type': 'text/plain',
    accept: '*/*',
  })
  expect(followRedirect(question, { status: 307, location: 'http://a.example/' })?.headers).not.toHaveProperty('authorization')
})
