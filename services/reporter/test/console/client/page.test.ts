import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { alert, checkResult, cpu, heal, health, heartbeat, metric } from '../../fixture-events.ts'
import { fleetWith, take } from '../../fleet/fleet-with.ts'
import { findChromium, startBrowser, type Browser, type BrowserPage } from '../browser.ts'
import { startConsole, type ConsoleServer } from '../console-server.ts'

const chromium = findChromium()
if (chromium === undefined) process.stdout.write('skipped: the console in a browser, for chromium is not installed\n')

const attack = '<img src=x onerror="document.title=1"><script>document.title=2</script>{{7*7}}'
const minuteMs = 60_000

/** A fleet in trouble, with texts that somebody hostile chose. */
function story(nowMs: number) {
  return fleetWith([
    cpu('web-1', 0.91, nowMs - 5000),
    cpu('web-1', 0.92, nowMs),
    metric('web-1', 'mem', { fields: { used_ratio: 0.5, total_bytes: 8e9 } }, nowMs),
    metric('web-1', 'fs', { items: [{ mount: `/${attack}`, device: 'd', fstype: 'ext4', used_ratio: 0.85, available_bytes: 1e9 }] }, nowMs),
    cpu('"><b>db', 0.1, nowMs - 5 * minuteMs),
    health('web-1', 'web', 'failing', 'ok', nowMs - minuteMs, { error: attack }),
    checkResult('web-1', 'web', false, nowMs, { error: attack }),
    checkResult('web-1', 'ssh', true, nowMs),
    alert('web-1', 'web-down', 'firing', nowMs - minuteMs, { summary: attack, runbook: 'https://example.com/web-down' }),
    alert('web-1', 'trap', 'firing', nowMs, { severity: 'warning', runbook: 'javascript:document.title=3', reason: attack }),
    heal('web-1', 'r', 'diagnosing', 0, nowMs - 3000),
    heal('web-1', 'r', 'acting', 1, nowMs - 2000, { output: attack, exit_code: 1 }),
    heartbeat('web-1', 'healer', nowMs, { state: 'degraded', reasons: [attack] }),
  ])
}

describe.skipIf(chromium === undefined)('the console in a browser', () => {
  let browser: Browser
  let server: ConsoleServer
  let page: BrowserPage
  const text = (selector: string) => page.evaluate<string>(`document.querySelector('${selector}')?.innerText ?? ''`)

  beforeAll(async () => {
    browser = await startBrowser(chromium ?? '')
  })
  afterAll(() => browser?.close())
  afterEach(() => server?.stop())

  async function open(look = {}, settings = {}): Promise<void> {
    server = await startConsole({ fleet: story(Date.now()), intervalMs: 50, ...settings })
    page = await browser.open(`${server.url}/`, look)
    await page.until("document.querySelector('.is-live')")
  }

  it('shows how things stand, and complains about nothing', async () => {
    await open()
    expect(await text('.verdict h1')).toMatch(/^2 alerts, 1 critical: web-down on web-1 since .*\d\d:\d\d, and 1 more$/)
    expect(await text('.verdict p')).toBe('Healing web on web-1 now: restart-web, attempt 1 of 3')
    expect(await page.evaluate('document.title')).toMatch(/^● 2 alerts/)
    expect(await text('.panel-hosts')).toMatch(/silent for 5 min[\s\S]*92 %/)
    expect(await text('.panel-checks')).toMatch(/failing[\s\S]*web[\s\S]*ok[\s\S]*ssh/)
    expect(await text('.panel-heals .steps')).toMatch(/diagnosing\s+\+0.0 s\s+acting\s+\+1.0 s/)
    expect(await text('.panel-events')).toContain('Check web on web-1 is failing')
    expect(page.complaints).toEqual([])
  })

  it('shows hostile text as text', async () => {
    await open()
    expect(await page.evaluate("document.querySelectorAll('main img, main script, main b b, a[href^=javascript]').length")).toBe(0)
    expect(await text('.panel-alerts')).toContain(attack)
    expect(await text('.panel-alerts')).toContain('Runbook: javascript:document.title=3')
    expect(await page.evaluate("document.querySelector('.alert a').href")).toBe('https://example.com/web-down')
    expect(await page.evaluate('document.title')).toMatch(/^● 2 alerts/)
    expect(page.complaints).toEqual([])
  })

  it('follows what happens without being loaded again', async () => {
    await open()
    const nowMs = Date.now()
    await page.evaluate("document.querySelector('.heal summary').focus(); document.body.dataset.mark = 'same'")
    take(server.fleet, alert('web-1', 'web-down', 'resolved', nowMs, { reason: 'recovered' }))
    take(server.fleet, alert('web-1', 'trap', 'resolved', nowMs, { reason: 'recovered' }))
    take(server.fleet, health('web-1', 'web', 'ok', 'failing', nowMs))
    take(server.fleet, cpu('"><b>db', 0.2, nowMs))
    take(server.fleet, heartbeat('web-1', 'healer', nowMs))
    take(server.fleet, heal('web-1', 'r', 'recovered', 1, nowMs))
    await page.until("document.querySelector('.verdict h1').innerText === 'All quiet: 2 hosts, 2 checks ok'")
    expect(await text('.panel-alerts summary')).toBe('2 resolved in the last hours')
    expect(await page.evaluate("document.activeElement.tagName + ' ' + document.body.dataset.mark")).toBe('SUMMARY same')
  })

  it('says when the bus or the console is away, greys what it shows, and comes back', async () => {
    await open()
    server.status.bus = 'disconnected'
    server.viewers.announce()
    await page.until("document.querySelector('.live').innerText.includes('Bus away') && document.querySelector('.page.is-stale')")
    expect(await text('.verdict h1')).toBe('The bus is away: this is the last that was known')
    const { port, fleet } = server
    await server.stop()
    await page.until("document.querySelector('.live').innerText.includes('Reconnecting')")
    expect(await text('.panel-hosts')).toContain('web-1')
    server = await startConsole({ port, fleet })
    await page.until("document.querySelector('.is-live') && !document.querySelector('.page.is-stale')")
  })

  it('tells one viewer too many, and lets it in when there is room', async () => {
    server = await startConsole({ fleet: story(Date.now()), maxViewers: 1 })
    const first = new AbortController()
    const taken = await fetch(`${server.url}/api/v1/stream`, { signal: first.signal })
    page = await browser.open(`${server.url}/`)
    await page.until("document.querySelector('.live').innerText.includes('Too many viewers')")
    first.abort()
    await taken.body?.cancel().catch(() => undefined)
    await page.until("document.querySelector('.is-live')", 15_000)
    expect(await text('.live')).toBe('Live')
  })

  it('speaks Korean', async () => {
    await open({}, { locale: 'ko' })
    expect(await page.evaluate('document.documentElement.lang')).toBe('ko')
    expect(await text('.verdict h1')).toMatch(/^경보 2건\(심각 1건\): web-1의 web-down/)
    expect(await text('.panel-checks h2')).toBe('점검')
  })

  it('can be read by a machine and walked through by keyboard', async () => {
    await open()
    const landmarks = 'header, main, footer, section[aria-labelledby], [role=status][aria-live=polite]'
    expect(await page.evaluate(`document.querySelectorAll('${landmarks}').length`)).toBe(10)
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('section[aria-labelledby]')].every((s) => document.getElementById(s.getAttribute('aria-labelledby')))",
      ),
    ).toBe(true)
    expect(
      await page.evaluate("[...document.querySelectorAll('[role=img], [role=meter]')].every((node) => node.getAttribute('aria-label'))"),
    ).toBe(true)
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map((node) => Number(node.tagName[1])).every((n, i, all) => i === 0 || n - all[i - 1] <= 1)",
      ),
    ).toBe(true)
    const reached: string[] = []
    for (let step = 0; step < 4; step++) {
      await page.press('Tab')
      reached.push(
        await page.evaluate<string>("document.activeElement.tagName + ' ' + getComputedStyle(document.activeElement).outlineStyle"),
      )
    }
    expect(reached).toEqual(['A solid', 'SUMMARY solid', 'OL solid', 'A solid'])
  })

  it.each([
    ['light', { width: 1280, height: 900 }],
    ['dark', { width: 1280, height: 900, dark: true }],
    ['phone', { width: 360, height: 780 }],
    ['phone, dark', { width: 360, height: 780, dark: true }],
  ])('has enough contrast and does not scroll sideways: %s', async (name, look) => {
    await open(look)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await page.evaluate<string[]>(`(${findFaintText.toString()})()`)).toEqual([])
    const folder = process.env['CONSOLE_SHOTS']
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${name.replace(', ', '-')}.png`), await page.screenshot())
  })
})

/** Runs in the page: texts whose contrast to their background is below 4.5 to 1, but for what is grey because it is old. */
function findFaintText(): string[] {
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)'
    const color = getComputedStyle(element).backgroundColor
    return channels(color)[3] === 0 ? backgroundOf(element.parentElement) : color
  }
  const faint: string[] = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (
      element === null ||
      node.textContent?.trim() === '' ||
      element.closest('.is-stale, noscript, title') !== null ||
      !element.checkVisibility()
    )
      continue
    const [text, background] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))]
    const contrast = (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05)
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${node.textContent?.slice(0, 60)}`)
  }
  return faint
}
