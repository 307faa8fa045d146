import { describe, expect, it } from 'vitest'
import { emailChannel } from '../../src/channels/email.ts'

describe('the configuration of an email channel', () => {
  const good = { kind: 'email', url: 'smtp://mail.example.com', from: 'a@example.com', to: ['b@example.com'] }
  it.each([
    [{ url: 'https://mail.example.com' }, /not the address of a mail server/],
    [{ url: 'smtp://user:secret@mail.example.com' }, /not the address of a mail server/],
    [{ to: ['not an address'] }, /not a mail address/],
    [{ to: ['a@example.com\r\nBcc: b@example.com'] }, /not a mail address/],
    [{ from: 'Kim <kim@example.com' }, /not a mail address/],
    [{ to: [] }, /./],
    [{ user: 'watch' }, /needs password beside it/],
    [{ password: 'x' }, /needs user beside it/],
  ])('is refused with %j', (change, message) => {
    expect(emailChannel.schema.safeParse(good).success).toBe(true)
    const parsed = emailChannel.schema.safeParse({ ...good, ...change })
    expect(parsed.error?.issues.map((issue) => issue.message).join('\n')).toMatch(message)
  })
})
