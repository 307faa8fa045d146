import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getPriority } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lookAtDependencies } from '../../../src/posture/aspects/dependencies.ts'
import { lookAtFirewall } from '../../../src/posture/aspects/firewall.ts'
import { lookForSecrets } from '../../../src/posture/aspects/secrets.ts'
import { parseNpmAudit, parsePipAudit } from '../../../src/posture/child/audit-report.ts'
import { runProgram, type ProgramOptions } from '../../../src/posture/child/run-program.ts'
import { parseSecretFindings } from '../../../src/posture/child/secret-findings.ts'
import { fixture } from '../../fixture.ts'
import { temporaryFolder } from '../../service-on-broker.ts'
import { HostFolder } from '../host-folder.ts'

const limits = { folder: '/', timeoutMs: 10_000, maxOutputBytes: 1000 }
const run = async (argv: string[], options: Partial<ProgramOptions> = {}) =>
  await runProgram({ argv, ...limits, signal: new AbortController().signal, ...options })
const handWritten = (name: string): string => fixture(`posture/hand-written/${name}`)
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))

/** A program that prints a fixture and ends with a code, in place of the real one. */
function fake(output: string, code: number): string[] {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'output'), output)
  writeFileSync(join(folder, 'tool'), `#!/bin/sh\ncat '${folder}/output'\necho planted-in-the-errors >&2\nexit ${code}\n`)
  chmodSync(join(folder, 'tool'), 0o755)
  return [join(folder, 'tool')]
}

test('a program runs without a shell, at the lowest priority, without our secrets', async () => {
  vi.stubEnv('NATS_PASSWORD', 'planted')
  onTestFinished(() => void vi.unstubAllEnvs())
  const argv = ['sh', '-c', 'sleep 0.5; nice; env; echo "$1"; exit 3', 'sh', '; echo $HOME']
  const { code, output } = await run(argv, { maxOutputBytes: 65_536 })
  expect(code).toBe(3)
  expect(output.toString()).toMatch(/^19\n/)
  expect(output.toString()).toContain('; echo $HOME\n')
  expect(output.toString()).not.toContain('planted')
  expect(getPriority()).toBeLessThan(19)
})

test('one that takes too long ends, with all that it started', async () => {
  const folder = temporaryFolder()
  const script = `sleep 100 & echo $! > ${folder}/pid; wait`
  await expect(run(['sh', '-c', script], { timeoutMs: 500 })).rejects.toMatchObject({ code: 'program_timeout', transient: true })
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
  expect(pid).toBeGreaterThan(0)
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5000, interval: 20 })
})

test('what one leaves behind with its output open is ended, and not waited for', async () => {
  const startMs = performance.now()
  const { code, output } = await run(['sh', '-c', 'sleep 100 & echo $!'])
  expect(performance.now() - startMs).toBeLessThan(5000)
  expect(code).toBe(0)
  await vi.waitFor(() => expect(isAlive(Number(output))).toBe(false), { timeout: 5000, interval: 20 })
})

test('one that prints without end is ended; one that is not there or may not run is told apart', async () => {
  await expect(run(['yes'])).rejects.toMatchObject({ code: 'program_output' })
  await expect(run(['no-such-program-here'])).rejects.toMatchObject({ code: 'no_program' })
  await expect(run(['true'], { folder: '/no/such/folder' })).rejects.toMatchObject({ code: 'no_folder' })
  await expect(run(['/etc/passwd'])).rejects.toMatchObject({ code: 'program_not_allowed' })
  const stopping = new AbortController()
  const running = run(['sleep', '100'], { signal: stopping.signal })
  await setTimeout(100)
  stopping.abort()
  await expect(running).rejects.toMatchObject({ code: 'stopping' })
})

test('a scanner tells how many secrets there are and where, and no value comes out', async () => {
  const context = new HostFolder().context()
  const options = { folder: '/', every: 1000, timeout: 10_000 }
  const leaks = await lookForSecrets({ ...options, command: fake(handWritten('gitleaks.json'), 1), format: 'gitleaks' }, context)
  expect(leaks.findings).toEqual([{ text: 'aws-access-token in config/settings.py, line 12', level: 'critical' }])
  const hog = await lookForSecrets({ ...options, command: fake(handWritten('trufflehog.jsonl'), 183), format: 'trufflehog' }, context)
  expect(hog.findings).toEqual([{ text: 'URI in /srv/app/.env, line 3', level: 'critical' }])
  const none = await lookForSecrets({ ...options, command: fake('[]', 0), format: 'gitleaks' }, context)
  expect(none).toMatchObject({ findings: [], unread: [], lookedAt: 1 })
  const broken = await lookForSecrets({ ...options, command: fake('planted is no JSON', 2), format: 'gitleaks' }, context)
  expect(broken.unread).toEqual([expect.stringContaining('gave no findings in the form of gitleaks (exit code 2)')])
  const missing = await lookForSecrets({ ...options, command: ['no-such-program-here'], format: 'gitleaks' }, context)
  expect(missing.unread[0]).toContain('no-such-program-here is not installed')
  expect(JSON.stringify([leaks, hog, none, broken].map(({ findings, unread }) => [findings, unread])).toLowerCase()).not.toContain(
    'planted',
  )
})

test('an audit that finds something exits with 1, and that is no error; what it could not look up is said', async () => {
  const context = new HostFolder().context()
  const project = { folder: '/', level: 'high' as const }
  const audit = async (kind: 'npm' | 'pip', output: string, level: 'low' | 'high' = 'high') =>
    await lookAtDependencies({ projects: [{ ...project, kind, level, command: fake(output, 1) }], every: 1000, timeout: 10_000 }, context)
  const npm = await audit('npm', handWritten('npm-audit.json'))
  expect(npm.findings).toEqual([{ text: 'minimist in / has a hole graded critical: a fix is available', level: 'critical' }])
  expect(npm).toMatchObject({ unread: [], lookedAt: 11 })
  expect((await audit('npm', handWritten('npm-audit.json'), 'low')).findings).toHaveLength(2)
  const pip = await audit('pip', handWritten('pip-audit.json'))
  expect(pip.findings).toEqual([
    { text: 'jinja2 2.4.1 in / has known holes: PYSEC-2019-217, PYSEC-2021-66; mended in 2.11.3', level: 'warning' },
  ])
  expect((await audit('pip', fixture('posture/recorded/pip-audit-skipped.json'))).unread[0]).toContain('could not look up jinja2; six of /')
  expect((await audit('npm', '{"message": "405 Method Not Allowed", "error": {"summary": "", "detail": ""}}')).unread[0]).toContain(
    'gave no report',
  )
})

test('whatever a tool prints is read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.json().map((text) => `{"vulnerabilities": ${text}, "dependencies": [${text}]}`),
      ),
      (text) => {
        for (const parse of [parseNpmAudit, parsePipAudit]) expect(parse(text)?.advisories.length ?? 0).toBeLessThanOrEqual(1000)
        for (const format of ['gitleaks', 'trufflehog'] as const)
          expect(parseSecretFindings(text, format)?.length ?? 0).toBeLessThanOrEqual(1000)
      },
    ),
  )
})

test('the firewall is read by the tools that are there; from a network other than the host it is not', async () => {
  const [tool = ''] = fake(fixture('posture/recorded/nft.json'), 0)
  const [second = ''] = fake(fixture('posture/recorded/iptables-save'), 0)
  const folder = temporaryFolder()
  for (const [name, source] of [
    ['nft', tool],
    ['iptables-save', second],
    ['ip6tables-save', second],
  ] as const) {
    writeFileSync(join(folder, name), readFileSync(source))
    chmodSync(join(folder, name), 0o755)
  }
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const here = { ...new HostFolder().context(), host: { root: '/', proc: '/proc', sys: '/sys' } }
  const look = await lookAtFirewall({}, here)
  expect(look.parts.get('nft')?.has('firewall nft inet filter input')).toBe(true)
  // This iptables keeps its rules in nft: they are not told twice.
  expect([...look.parts.keys()]).toEqual(['nft'])
  rmSync(join(folder, 'nft'))
  writeFileSync(join(folder, 'nft'), '#!/bin/sh\nexit 1\n')
  chmodSync(join(folder, 'nft'), 0o755)
  const old = await lookAtFirewall({}, here)
  expect(old.parts.get('nft')).toBeNull()
  expect(old.parts.get('iptables')?.has('firewall iptables filter FORWARD')).toBe(true)
  expect(old.unread).toEqual([expect.stringContaining('nft -j list ruleset gave no rules (exit code 1)')])
  const elsewhere = await lookAtFirewall({}, new HostFolder().context())
  expect(elsewhere).toMatchObject({ unread: [expect.stringContaining('only be seen from its network')], lookedAt: 0 })
})
