import type { Stats } from 'node:fs'
import type { AccountNames } from '../accounts/account-names.ts'

const permissionBits = 0o7777

export function permissionsOf(stats: Pick<Stats, 'mode'>): number {
  return stats.mode & permissionBits
}

/** `0640` */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** `0640 root:adm` */
export function ownershipText(stats: Stats, names: AccountNames): string {
  return `${modeText(permissionsOf(stats))} ${names.user(stats.uid)}:${names.group(stats.gid)}`
}
