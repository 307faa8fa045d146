import type { FileType, StoreFile } from './store.ts'

/** Every type, in the order in which a copy of a repository is right at any instant. */
export const fileTypes: readonly FileType[] = ['config', 'key', 'data', 'index', 'snapshot', 'lock']

const folderOf: Readonly<Record<Exclude<FileType, 'config'>, string>> = {
  key: 'keys',
  data: 'data',
  index: 'index',
  snapshot: 'snapshots',
  lock: 'locks',
}

const idPattern = /^[0-9a-f]{64}$/

/** Whether this names a file of a repository; anything else in its folders is somebody else's, or a leftover. */
export function isFileId(id: string): boolean {
  return idPattern.test(id)
}

/** The folder of a type, '' for the config, which lies at the root. */
export function folderName(type: FileType): string {
  return type === 'config' ? '' : folderOf[type]
}

/** Where a file lies below the root of its repository, as restic has it: `data/ab/abcd…`, `keys/…`, `config`. */
export function nameOf(file: StoreFile): string {
  if (file.type === 'config') return 'config'
  if (!isFileId(file.id)) throw new TypeError(`not the id of a file: ${JSON.stringify(file.id)}`)
  return file.type === 'data' ? `data/${file.id.slice(0, 2)}/${file.id}` : `${folderOf[file.type]}/${file.id}`
}

/** The id in the last part of a name; undefined for what is not of a repository. */
export function idIn(name: string): string | undefined {
  const id = name.slice(name.lastIndexOf('/') + 1)
  return isFileId(id) ? id : undefined
}

/** The file that lies at this place below the root of a repository; undefined for what is not of one. */
export function fileAt(name: string): StoreFile | undefined {
  if (name === 'config') return { type: 'config', id: '' }
  const folder = name.slice(0, Math.max(0, name.indexOf('/')))
  const type = fileTypes.find((other) => folder !== '' && folderName(other) === folder)
  const id = idIn(name)
  if (type === undefined || id === undefined) return undefined
  return nameOf({ type, id }) === name ? { type, id } : undefined
}
