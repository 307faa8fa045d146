import { fileTypes, folderName, isFileId } from '../destinations/layout.ts'
import type { FileType, StoreFile } from '../destinations/store.ts'

/** What a request of restic's REST protocol is about. */
export type RestPath = { kind: 'repository' } | { kind: 'file'; file: StoreFile } | { kind: 'folder'; type: FileType }

/** `/`, `/config`, `/data/`, `/data/<id>`: here packs lie in no folders of their own. Undefined for what is not of the protocol. */
export function parseRestPath(path: string): RestPath | undefined {
  if (path === '/') return { kind: 'repository' }
  if (path === '/config') return { kind: 'file', file: { type: 'config', id: '' } }
  const [, folder = '', id = ''] = /^\/([a-z]+)(?:\/([^/]*))?$/.exec(path) ?? []
  const type = fileTypes.find((other) => other !== 'config' && folderName(other) === folder)
  if (type === undefined) return undefined
  if (id === '') return { kind: 'folder', type }
  return isFileId(id) ? { kind: 'file', file: { type, id } } : undefined
}

/** The bytes that a Range header names; undefined for those that nobody of this protocol sends, which a server may ignore. */
export function parseRange(header: string | undefined): { start: number; end: number | undefined } | undefined {
  const [, start, end] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (start === undefined) return undefined
  if (end === undefined || end === '') return { start: Number(start), end: undefined }
  return Number(end) < Number(start) ? undefined : { start: Number(start), end: Number(end) + 1 }
}
