import { setImmediate } from 'node:timers/promises'
import { insideRoot } from '../../procfs/host-paths.ts'
import { readAccounts, type Account } from '../accounts/account-file.ts'
import { parseAuthorizedKey } from '../accounts/authorized-key.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { isMissing, whyUnread } from '../files/unread.ts'
import { maxFacts, newLook, type Facts, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

const usualFiles = ['.ssh/authorized_keys', '.ssh/authorized_keys2']
/** Some 2500 keys. */
const maxBytes = 256 * 1024
/** Lines that are read before other work gets its turn. */
const sliceLines = 100
const maxAccounts = 2000

/** Keys that may log in to an account are what they were. Told by fingerprint; the key itself stays where it is. */
export async function lookAtAuthorizedKeys(_: unknown, context: LookContext): Promise<Look> {
  const look = newLook()
  look.newPartsAreNews = true
  let accounts: Account[]
  try {
    accounts = await readAccounts(context.host)
  } catch (error) {
    look.unread.push(whyUnread('/etc/passwd', error))
    return look
  }
  if (accounts.length > maxAccounts) look.unread.push(`/etc/passwd has more than ${maxAccounts} accounts; the rest was left out`)
  const templates = await configuredFiles(context)
  const left = { facts: maxFacts }
  for (const account of accounts.slice(0, maxAccounts)) {
    context.signal.throwIfAborted()
    look.parts.set(plainText(account.name, 64), await keysOf(account, templates, look, left, context))
  }
  return look
}

async function keysOf(
  account: Account,
  templates: readonly string[],
  look: Look,
  left: { facts: number },
  { host }: LookContext,
): Promise<Facts | null> {
  const facts: Facts = new Map()
  let isWhole = true
  for (const path of new Set(templates.map((template) => pathFor(template, account)))) {
    try {
      const text = (await readRegularFile(insideRoot(host, path), maxBytes)).bytes.toString('utf8')
      for (const [index, line] of text.split('\n').entries()) {
        if (index % sliceLines === sliceLines - 1) await setImmediate()
        const key = parseAuthorizedKey(line)
        if (key === undefined) continue
        look.lookedAt++
        if (left.facts-- <= 0) continue
        const restrictions = key.options.length === 0 ? '' : `, with ${key.options.join(', ')}`
        const name = `key ${key.fingerprint} of account ${plainText(account.name, 64)}`
        facts.set(name, { text: plainText(`${key.type}${restrictions}, in ${path}`, 1024) })
      }
    } catch (error) {
      if (isMissing(error)) continue
      isWhole = false
      look.unread.push(whyUnread(path, error))
    }
  }
  return isWhole ? facts : null
}

function pathFor(template: string, { name, home }: Account): string {
  const path = template.replaceAll(/%[%hu]/g, (token) => (token === '%h' ? home : token === '%u' ? name : '%'))
  return path.startsWith('/') ? path : `${home === '/' ? '' : home}/${path}`
}

/** Where sshd looks for keys, when its main file says so; else where it usually does. */
async function configuredFiles({ host }: LookContext): Promise<readonly string[]> {
  try {
    const text = (await readRegularFile(insideRoot(host, '/etc/ssh/sshd_config'), maxBytes)).bytes.toString('utf8')
    const said = /^[ \t]*AuthorizedKeysFile[ \t=]+(.+)$/im.exec(text)?.[1]?.trim()
    if (said === undefined || said.toLowerCase() === 'none') return usualFiles
    return said
      .split(/\s+/)
      .map((each) => each.replaceAll('"', ''))
      .slice(0, 8)
  } catch {
    return usualFiles
  }
}
