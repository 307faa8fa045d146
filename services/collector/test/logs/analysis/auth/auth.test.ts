import { expect, test } from 'vitest'
import { AuthBursts } from '../../../../src/logs/analysis/auth/auth-bursts.ts'
import { findAuthFailure } from '../../../../src/logs/analysis/auth/auth-line.ts'
import { analyse, analysisConfig } from '../analysed.ts'

test.each([
  ['Failed password for root from 203.0.113.7 port 50022 ssh2', 1, '203.0.113.7', 'root'],
  ['Failed password for invalid user admin from 2001:db8::1 port 22 ssh2', 1, '2001:db8::1', 'admin'],
  ['Invalid user test from 203.0.113.7 port 50022', 1, '203.0.113.7', 'test'],
  ['message repeated 5 times: [ Failed password for root from 203.0.113.7 port 1 ssh2]', 5, '203.0.113.7', 'root'],
  ['pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=203.0.113.7  user=x', 1, '203.0.113.7', 'x'],
  ['      kim : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/su'.trim(), 3, undefined, 'kim'],
  ['password authentication failed for user "app"', 1, undefined, 'app'],
  ['no pg_hba.conf entry for host "203.0.113.7", user "app", database "x", no encryption', 1, '203.0.113.7', 'app'],
  ["Access denied for user 'app'@'203.0.113.7' (using password: YES)", 1, '203.0.113.7', 'app'],
  ['user "kim": password mismatch, client: 203.0.113.7, server: _', 1, '203.0.113.7', 'kim'],
  ['login failed for kim from 203.0.113.7', 1, '203.0.113.7', undefined],
  ['Authentication failed: ip=203.0.113.7', 1, '203.0.113.7', undefined],
])('%s', (message, count, address, user) => {
  expect(findAuthFailure(message)).toMatchObject({ count, address, user })
})

test.each([
  'Accepted publickey for root from 203.0.113.7 port 22 ssh2',
  'pam_unix(sshd:auth): authentication failure; logname= uid=0 rhost=203.0.113.7  user=root',
  'Failed to start Daily apt upgrade',
  'the upload failed, password policy unchanged',
])('%s is no failed login', (message) => {
  expect(findAuthFailure(message)).toBeUndefined()
})

test('a burst is told at the nth failure within the window, once per window, with its sources and users', () => {
  const bursts = new AuthBursts({ failures: 3, windowMs: 60_000 })
  expect(bursts.add('a', 'root', 1, 0)).toBeUndefined()
  expect(bursts.add('a', 'root', 1, 59_999)).toBeUndefined()
  // The first one is a minute old.
  expect(bursts.add('a', 'kim', 1, 60_000)).toBeUndefined()
  expect(bursts.add('a', 'lee', 1, 60_001)).toEqual({
    address: 'a',
    failures: 3,
    timeMs: 60_001,
    sources: [['a', 3]],
    users: ['root', 'kim', 'lee'],
  })
  expect(bursts.add('a', 'lee', 1, 60_002)).toBeUndefined()
  expect(bursts.add('a', 'lee', 5, 120_001)?.failures).toBe(6)
})

test('failures from many addresses are a burst too, and the twenty worst are named', () => {
  const bursts = new AuthBursts({ failures: 10, windowMs: 60_000 })
  for (let index = 0; index < 49; index++) expect(bursts.add(`a${index % 30}`, undefined, 1, index)).toBeUndefined()
  const burst = bursts.add('b', undefined, 1, 60)
  expect([burst?.address, burst?.failures, burst?.sources.length]).toEqual([null, 50, 20])
})

test('lines of auth.log become counts per source and one notice about the burst; the two lines of sshd about one attempt count once', () => {
  const { analyzer, fields, items, take } = analyse(analysisConfig({ auth: { failures: 3 } }))
  const lines = [1, 2, 3, 4].flatMap((second) => [
    `Oct 21 04:29:0${second} web-1 sshd[42]: Invalid user admin from 203.0.113.7 port 5000${second}`,
    `Oct 21 04:29:0${second} web-1 sshd[42]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7 `,
    `Oct 21 04:29:0${second} web-1 sshd[42]: Failed password for invalid user admin from 203.0.113.7 port 5000${second} ssh2`,
  ])
  take(`${lines.join('\n')}\nOct 21 04:29:09 web-1 sshd[43]: Accepted password for kim from 198.51.100.1 port 1 ssh2\n`)
  expect(analyzer.drainEvents()).toMatchObject([
    {
      level: 'warning',
      message: '3 failed logins within 5 min from 203.0.113.7',
      count: 3,
      fields: { kind: 'auth_failures', address: '203.0.113.7', sources: '203.0.113.7=3', users: 'admin' },
    },
  ])
  expect(items('auth')).toEqual([{ kind: 'auth', name: '203.0.113.7', failures_total: 4, overcount: 0 }])
  expect(fields()).toMatchObject({ auth_failures_total: 4, auth_bursts_total: 1, unparsed_total: 0 })
})
