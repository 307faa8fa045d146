import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { settlesWithin } from '@nightshift/shared/service/deadline'

const maxMounts = 32
/** A mount that does not answer must not hold up the heal. */
const statTimeoutMs = 1000
/** Network mounts are left out: a dead server blocks whoever asks. */
const pseudo = /^\/(?:proc|sys|dev|run)(?:\/|$)/
const localTypes = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs', 'overlay', 'tmpfs', 'vfat'])

/** How full each local file system is, one line each. */
export async function filesystems(): Promise<string[]> {
  const mounts = localMounts()
  return ['filesystems (used, inodes used):', ...(await Promise.all(mounts.map(describeMount)))]
}

async function describeMount(mount: string): Promise<string> {
  let text = `  ${mount}: no answer within ${statTimeoutMs} ms`
  const read = statfs(mount).then((stat) => {
    const inodes = stat.files === 0 ? '-' : percent(stat.files - stat.ffree, stat.files)
    text = `  ${mount}: ${percent(stat.blocks - stat.bfree, stat.blocks)} ${inodes}, ${Math.round((stat.bavail * stat.bsize) / 1024 ** 2)} MiB available`
  })
  await settlesWithin(
    read.catch(() => (text = `  ${mount}: cannot be read`)),
    statTimeoutMs,
  )
  return text
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${Math.round((100 * part) / whole)}%`
}

function localMounts(): string[] {
  try {
    const mounts = new Set<string>()
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
      const [, mount = '', type = ''] = line.split(' ')
      // The kernel writes blanks in a path as \040 and the like.
      if (localTypes.has(type) && !pseudo.test(mount))
        mounts.add(mount.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    }
    return [...mounts].slice(0, maxMounts)
  } catch {
    return ['/']
  }
}
