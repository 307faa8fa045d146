import { expect, test } from 'vitest'
import { isSecretPath } from '../../src/export/secret-names.ts'

test.each([
  ['/srv/.env', true],
  ['/srv/.env.production', true],
  ['/srv/.env.example', false],
  ['/home/ana/.ssh/id_ed25519', true],
  ['/home/ana/.ssh/id_ed25519.pub', false],
  ['/etc/passwd', false],
  ['/etc/shadow', true],
  ['/srv/db-credentials.json', true],
  ['/srv/keyboard.ts', false],
  ['/srv/tokenizer.ts', false],
  ['/postgres/globals.sql', true],
])('%s is a secret: %s', (path, expected) => expect(isSecretPath(path)).toBe(expected))
