import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { insideRoot, type HostPaths } from '../../procfs/host-paths.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Facts, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

const mainFile = '/etc/sudoers'
const folder = '/etc/sudoers.d'
const maxBytes = 1024 * 1024
const maxFiles = 1000

/** Who may become whom is what it was. A rule is told by its file and by whom it is for, never by its text. */
export async function lookAtSudoers(_: unknown, { host, signal }: LookContext): Promise<Look> {
  const look = newLook()
  const facts: Facts = new Map()
  try {
    const files = [mainFile, ...(await sudoersFiles(host))]
    for (const file of files.slice(0, maxFiles)) {
      signal.throwIfAborted()
      const text = await readText(host, file)
      const rules = text === undefined ? [] : sudoRules(text)
      look.lookedAt += rules.length
      for (const { who, kind, digest } of rules) {
        const key = `sudo rule of ${who} in ${plainText(file)} #${digest.slice(0, 6)}`
        if (facts.size < maxFacts) facts.set(key, { text: kindTexts[kind], digest })
      }
    }
    look.parts.set('rules', facts)
  } catch (error) {
    if (signal.aborted) throw error
    look.parts.set('rules', null)
    look.unread.push(whyUnread(`${mainFile} or ${folder}`, error))
  }
  return look
}

export interface SudoRule {
  /** First word of the line: an account, `%group`, or the kind of definition. */
  readonly who: string
  readonly kind: 'setting' | 'free' | 'asking'
  readonly digest: string
}

const kindTexts = { setting: 'a setting', free: 'asks for no password', asking: 'asks for a password' } as const satisfies Record<
  SudoRule['kind'],
  string
>
const setting = /^(?:Defaults|[#@]include|(?:User|Runas|Host|Cmnd|Cmd)_Alias\b)/

/** Lines that say something; those that end with a backslash go on. Spaces and comments make no difference. */
export function sudoRules(text: string): SudoRule[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const rule = line
        .replace(/(^|\s)#(?!\d|include).*$/, '')
        .trim()
        .replaceAll(/\s+/g, ' ')
      if (rule === '') return []
      const who = plainText(/^\S+/.exec(rule)?.[0] ?? '', 64)
      const kind = setting.test(rule) ? 'setting' : /\bNOPASSWD\s?:/.test(rule) ? 'free' : 'asking'
      return [{ who, kind, digest: createHash('sha256').update(rule).digest('hex') }]
    })
}

/** sudo passes over names with a dot or a tilde at the end. */
async function sudoersFiles(host: HostPaths): Promise<string[]> {
  try {
    const names = await readdir(insideRoot(host, folder))
    return names
      .filter((name) => !name.includes('.') && !name.endsWith('~'))
      .toSorted()
      .map((name) => `${folder}/${name}`)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Undefined where there is no such file: a host without sudo has no rules. */
async function readText(host: HostPaths, file: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(insideRoot(host, file), maxBytes)).bytes.toString('utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
