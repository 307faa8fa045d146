import { ContractError } from '@nightshift/shared/errors'
import { goJsonBytes, goJsonName, goJsonText, goUnquote, isUtf8Text } from './go-text.ts'
import { formatTimeNs, parseTimeNs } from './go-time.ts'
import { fromGoMode, toGoMode, type ExtendedAttribute, type NodeType, type TreeNode } from './node.ts'

const nodeTypes: ReadonlySet<string> = new Set<NodeType>(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular'])
const idPattern = /^[0-9a-f]{64}$/

/** One node as restic writes it: its order of fields, what is zero left out. */
export function encodeNode(node: TreeNode): string {
  const mode = toGoMode(node.type, node.mode)
  let json = `{"name":${goJsonName(node.name)},"type":"${node.type}"`
  if (mode !== 0) json += `,"mode":${mode}`
  const mtime = formatTimeNs(node.mtimeNs)
  const atime = node.atimeNs === node.mtimeNs ? mtime : formatTimeNs(node.atimeNs)
  json += `,"mtime":"${mtime}","atime":"${atime}","ctime":"${formatTimeNs(node.ctimeNs)}"`
  json += `,"uid":${node.uid},"gid":${node.gid}`
  if (node.user !== undefined && node.user !== '') json += `,"user":${goJsonText(node.user)}`
  if (node.group !== undefined && node.group !== '') json += `,"group":${goJsonText(node.group)}`
  if (node.inode !== 0n) json += `,"inode":${node.inode}`
  if (node.deviceId !== 0n) json += `,"device_id":${node.deviceId}`
  if (node.size !== 0) json += `,"size":${node.size}`
  if (node.links !== 0) json += `,"links":${node.links}`
  if (node.linkTarget !== undefined && node.linkTarget.length > 0) json += encodeLinkTarget(node.linkTarget)
  if (node.xattrs !== undefined && node.xattrs.length > 0) json += `,"extended_attributes":[${node.xattrs.map(encodeXattr).join(',')}]`
  if (node.generic !== undefined) json += `,"generic_attributes":${JSON.stringify(node.generic)}`
  if (node.device !== undefined && node.device !== 0n) json += `,"device":${node.device}`
  json += node.content === undefined ? ',"content":null' : `,"content":[${node.content.map((id) => `"${id}"`).join(',')}]`
  if (node.subtree !== undefined) json += `,"subtree":"${node.subtree}"`
  if (node.error !== undefined && node.error !== '') json += `,"error":${goJsonText(node.error)}`
  return `${json}}`
}

function encodeLinkTarget(target: Buffer): string {
  const json = `,"linktarget":${goJsonBytes(target)}`
  return isUtf8Text(target) ? json : `${json},"linktarget_raw":"${target.toString('base64')}"`
}

function encodeXattr({ name, value }: ExtendedAttribute): string {
  return `{"name":${goJsonText(name)},"value":${value === null ? 'null' : `"${value.toString('base64')}"`}}`
}

/** A node of a parsed tree. Throws ContractError `tree_damaged` where it is none: such a tree must not be taken for an empty folder. */
export function decodeNode(value: unknown): TreeNode {
  if (typeof value !== 'object' || value === null) throw damaged('an entry is no object')
  const fields = value as Record<string, unknown>
  const name = typeof fields['name'] === 'string' ? goUnquote(fields['name']) : undefined
  if (name === undefined || name.length === 0) throw damaged(`an entry has the name ${JSON.stringify(fields['name'])}`)
  if (name.includes(0) || name.includes('/') || name.equals(dot) || name.equals(dotDot)) {
    throw damaged(`${JSON.stringify(fields['name'])} cannot be the name of a file`)
  }
  const type = fields['type']
  if (typeof type !== 'string' || !nodeTypes.has(type)) throw damaged(`an entry is of the unknown type ${JSON.stringify(type)}`)
  const mtimeNs = timeOf(fields['mtime'])
  return {
    name,
    type: type as NodeType,
    mode: fromGoMode(numberOf(fields['mode'])),
    mtimeNs,
    ctimeNs: timeOf(fields['ctime']),
    atimeNs: fields['atime'] === fields['mtime'] ? mtimeNs : timeOf(fields['atime']),
    uid: numberOf(fields['uid']),
    gid: numberOf(fields['gid']),
    inode: integerOf(fields['inode']),
    deviceId: integerOf(fields['device_id']),
    size: numberOf(fields['size']),
    links: numberOf(fields['links']),
    ...(typeof fields['user'] === 'string' && { user: fields['user'] }),
    ...(typeof fields['group'] === 'string' && { group: fields['group'] }),
    ...linkTargetOf(fields),
    ...xattrsOf(fields['extended_attributes']),
    ...genericOf(fields['generic_attributes']),
    ...(fields['device'] !== undefined && { device: integerOf(fields['device']) }),
    ...contentOf(fields['content'], type, String(fields['name'])),
    ...subtreeOf(fields['subtree'], type, String(fields['name'])),
    ...(typeof fields['error'] === 'string' && { error: fields['error'] }),
  }
}

const dot = Buffer.from('.')
const dotDot = Buffer.from('..')

function contentOf(value: unknown, type: string, name: string): { content?: readonly string[] } {
  if (type !== 'file') return {}
  if (!Array.isArray(value) || !value.every((id) => typeof id === 'string' && idPattern.test(id))) {
    throw damaged(`the file ${name} has no list of contents`)
  }
  return { content: value as string[] }
}

function subtreeOf(value: unknown, type: string, name: string): { subtree?: string } {
  if (type !== 'dir') return {}
  if (typeof value !== 'string' || !idPattern.test(value)) throw damaged(`the folder ${name} has no tree`)
  return { subtree: value }
}

function linkTargetOf(fields: Record<string, unknown>): { linkTarget?: Buffer } {
  if (typeof fields['linktarget_raw'] === 'string') return { linkTarget: Buffer.from(fields['linktarget_raw'], 'base64') }
  return typeof fields['linktarget'] === 'string' ? { linkTarget: Buffer.from(fields['linktarget']) } : {}
}

function xattrsOf(value: unknown): { xattrs?: ExtendedAttribute[] } {
  if (!Array.isArray(value)) return {}
  const xattrs: ExtendedAttribute[] = []
  for (const entry of value as { name?: unknown; value?: unknown }[]) {
    if (typeof entry?.name !== 'string') throw damaged('an extended attribute has no name')
    xattrs.push({ name: entry.name, value: typeof entry.value === 'string' ? Buffer.from(entry.value, 'base64') : null })
  }
  return { xattrs }
}

function genericOf(value: unknown): { generic?: Record<string, unknown> } {
  return typeof value === 'object' && value !== null ? { generic: value as Record<string, unknown> } : {}
}

function timeOf(value: unknown): bigint {
  const timeNs = typeof value === 'string' ? parseTimeNs(value) : undefined
  if (timeNs === undefined) throw damaged(`${JSON.stringify(value)} is no time`)
  return timeNs
}

function numberOf(value: unknown): number {
  if (value === undefined) return 0
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 0) throw damaged(`${JSON.stringify(value)} is no count`)
  return number
}

/** decodeTree has made texts of the numbers that a double cannot hold. */
function integerOf(value: unknown): bigint {
  if (value === undefined) return 0n
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  throw damaged(`${JSON.stringify(value)} is no number of a file or device`)
}

function damaged(what: string): ContractError {
  return new ContractError('tree_damaged', `a tree of the repository is damaged: ${what}`)
}
