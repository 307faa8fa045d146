import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseEvent } from '@nightshift/shared/events/parse'
import { signatureOf } from '../../src/channels/signature.ts'
import { exampleNotification } from '../example-notification.ts'

const page = readFileSync(new URL('../../../../docs/webhook.md', import.meta.url), 'utf8')

function block(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(page) ?? []
  if (text === undefined) throw new Error(`docs/webhook.md has no ${language}`)
  return text
}

/** The function of the page, as a receiver would copy it. */
async function checker(): Promise<(secret: string, header: string, body: Buffer, nowSeconds?: number) => boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-webhook-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'receiver.mjs')
  writeFileSync(file, `${block('js')}\nexport { isGenuine }\n`)
  const module = (await import(file)) as { isGenuine: Awaited<ReturnType<typeof checker>> }
  return module.isGenuine
}

describe('docs/webhook.md', () => {
  it('shows the body that is sent', () => {
    const { id, channel, event } = exampleNotification()
    const shown = JSON.parse(block('json')) as { alert: object; group: object; alerts: unknown[] }
    expect(shown).toMatchObject({ version: 1, notification: id, channel, alert: event, group: { incident: event.epoch, occasion: 'new' } })
    expect(shown.alerts).toHaveLength(1)
    expect(parseEvent('ops.alert.web-1.cpu-high.firing', Buffer.from(JSON.stringify(shown.alert))).event).toEqual(event)
  })

  it('shows how to check a signature, and that works', async () => {
    const isGenuine = await checker()
    const body = Buffer.from('{"summary":"한글"}')
    const header = signatureOf('a-shared-secret', 1_763_694_245, body)
    expect(isGenuine('a-shared-secret', header, body, 1_763_694_300)).toBe(true)
    expect(isGenuine('another-secret', header, body, 1_763_694_300)).toBe(false)
    expect(isGenuine('a-shared-secret', header, Buffer.from('{}'), 1_763_694_300)).toBe(false)
    expect(isGenuine('a-shared-secret', header, body, 1_763_700_000)).toBe(false)
    expect(isGenuine('a-shared-secret', 'nonsense', body)).toBe(false)
  })
})
