import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commandOf } from '../../scripts/check.mjs'
import { isForeground } from '../../scripts/child.mjs'
import { explain, Failure } from '../../scripts/failure.mjs'
import { brokerNeed } from '../../scripts/start.mjs'

describe('brokerNeed', () => {
  it.each([
    ['up --demo', 'required'],
    ['--exec vitest run', 'required'],
    ['--exec node test/campaigns/main.ts broker-away', 'required'],
    ['--exec node bench/src/main.ts', 'required'],
    ['doctor', 'wanted'],
    ['tap', 'at hand'],
    ['up --help', 'at hand'],
    ['--exec oxlint', 'at hand'],
    ['', 'at hand'],
  ])('of `%s` is: %s', (line, expected) => {
    expect(brokerNeed(line.split(' '))).toBe(expected)
  })
})

describe('isForeground', () => {
  it('is true when our process group is the one the terminal signals', () => {
    expect(isForeground('42 (node) S 40 40 39 34816 40 4194304')).toBe(true)
  })

  it('is false in the background, without a terminal, and whatever the program is called', () => {
    expect(isForeground('42 (node) S 40 42 39 34816 40 4194304')).toBe(false)
    expect(isForeground('42 (node) S 40 40 39 0 -1 4194304')).toBe(false)
    expect(isForeground('42 (a) S 1 (b) S 40 40 39 34816 40 4194304')).toBe(true)
  })
})

describe('explain', () => {
  it('says what went wrong and what to type', () => {
    const text = explain(new Failure('The bridge is out.', { type: ['swim'], output: 'splash' }), '/cache')
    expect(text).toBe('splash\n\nnightshift: The bridge is out.\n  Type:\n    swim')
  })

  it('names the folder that cannot be written', () => {
    const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path: '/cache/pnpm' })
    expect(explain(error, '/cache')).toMatch(/cannot write \/cache\/pnpm \(EACCES\)[^]*NIGHTSHIFT_CACHE=/)
  })
})

describe('commandOf', () => {
  it('finds the program behind each script that `npm run check` runs', () => {
    for (const name of ['lint', 'format:check', 'typecheck', 'test']) expect(commandOf(name)[0]).toMatch(/^(oxlint|oxfmt|tsc|vitest)$/)
  })

  it('refuses a script of another form', () => {
    expect(() => commandOf('start')).toThrow('--exec')
  })
})

describe('package.json', () => {
  it('runs `up` in place of the shell, so that npm passes its signals on and waits', () => {
    const { scripts } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>
    }
    expect(scripts['start']).toBe('exec node scripts/run.mjs up')
  })
})
