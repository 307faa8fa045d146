import { stat } from 'node:fs/promises'
import type { CollectorConfig } from '../../config.ts'
import { insideRoot } from '../../procfs/host-paths.ts'
import { parseKeyRecord, type KeyAge } from '../accounts/key-record.ts'
import { expandPattern } from '../files/host-glob.ts'
import { readRegularFile } from '../files/regular-file.ts'
import { whyUnread } from '../files/unread.ts'
import { newLook, type Finding, type Look, type LookContext } from '../look.ts'
import { plainText } from '../plain-text.ts'

type Options = NonNullable<CollectorConfig['security']>['keys']

const maxBytes = 1024 * 1024
const dayMs = 86_400_000

/** No key is older than it may be. */
export async function lookAtKeys(options: Options, context: LookContext): Promise<Look> {
  const look = newLook()
  await eachPath(options.records, look, context, async (path, inside) => {
    const keys = parseKeyRecord((await readRegularFile(inside, maxBytes)).bytes.toString('utf8'))
    if (keys === undefined) {
      look.unread.push(`${plainText(path)} is no JSON object of keys, each with its date in "created"`)
      return
    }
    look.lookedAt += keys.length
    look.findings.push(
      ...keys.flatMap((key) => judgeKey(`key ${key.name} in ${plainText(path)}`, key, context.nowMs, options.rotate_after)),
    )
  })
  await eachPath(options.files, look, context, async (path, inside) => {
    const { mtimeMs } = await stat(inside)
    look.lookedAt++
    look.findings.push(...judgeKey(`key ${plainText(path)}`, { createdMs: mtimeMs }, context.nowMs, options.rotate_after))
  })
  return look
}

export function judgeKey(name: string, { createdMs }: Pick<KeyAge, 'createdMs'>, nowMs: number, rotateAfterMs: number): Finding[] {
  if (createdMs === null) return [{ text: `${name} is of unknown age, so it is due for rotation`, level: 'warning' }]
  const ageMs = nowMs - createdMs
  if (ageMs <= rotateAfterMs) return []
  const days = Math.floor(ageMs / dayMs)
  return [{ text: `${name} is ${days} days old, due for rotation after ${Math.floor(rotateAfterMs / dayMs)}`, level: 'warning' }]
}

async function eachPath(
  patterns: readonly string[],
  look: Look,
  { host, signal }: LookContext,
  visit: (path: string, inside: string) => Promise<void>,
): Promise<void> {
  for (const pattern of patterns) {
    const { paths, unread } = await expandPattern(host, pattern, signal)
    look.unread.push(...unread)
    if (paths.length === 0 && unread.length === 0) look.unread.push(`nothing is there that matches ${pattern}`)
    for (const path of paths) {
      signal.throwIfAborted()
      try {
        await visit(path, insideRoot(host, path))
      } catch (error) {
        look.unread.push(whyUnread(path, error))
      }
    }
  }
}
