import { createHash, timingSafeEqual } from 'node:crypto'
import type { FileType } from '../destinations/store.ts'

/** `read` changes nothing (restic needs --no-lock then), `lock` lets it put and remove its locks, `write` lets it do all. */
export type RestAccess = 'read' | 'lock' | 'write'

/** What a request wants to do to files of a type. */
export function mayChange(access: RestAccess, type: FileType): boolean {
  return access === 'write' || (access === 'lock' && type === 'lock')
}

/** Whether the header has the login; the time that it takes tells nothing. */
export function isLogin(header: string | undefined, user: string, password: string): boolean {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i.exec(header ?? '') ?? []
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(Buffer.from(encoded, 'base64').toString()), hash(`${user}:${password}`))
}
