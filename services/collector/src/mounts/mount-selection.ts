import type { GroupsConfig } from '../config.ts'
import type { Mount } from '../procfs/mounts.ts'
import { exclusion } from '../globs/exclusion.ts'

/** Not on any storage: nothing that could fill up. */
const pseudoTypes = new Set(
  (
    'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl fuse.gvfsd-fuse fuse.lxcfs fuse.portal ' +
    'fuse.snapfuse hugetlbfs iso9660 mqueue nsfs proc pstore ramfs rootfs rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs udf'
  ).split(' '),
)

/** On another machine: asking them can hang. */
const networkTypes = new Set(
  (
    '9p afs beegfs ceph cifs davfs fuse.ceph fuse.cephfs fuse.curlftpfs fuse.gcsfuse fuse.glusterfs fuse.goofys fuse.mfs fuse.rclone ' +
    'fuse.s3fs fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs'
  ).split(' '),
)

/** Mounts that container engines and the system make for themselves. */
const inside =
  /^\/(?:dev|proc|sys|run\/(?:credentials|user|docker|containerd|netns)|var\/lib\/(?:docker|containerd|containers\/storage|kubelet)|snap)(?:\/|$)/

/**
 * The mounts that are reported: storage of this machine, each once. What is mounted over hides what was there; of several mounts of one
 * device (bind mounts, subvolumes) the one with the shortest path stands for all.
 */
export function selectMounts(mounts: readonly Mount[], config: Pick<GroupsConfig['fs'], 'network_mounts' | 'exclude'>): Mount[] {
  const isExcluded = exclusion(config.exclude)
  const visible = new Map(mounts.map((mount) => [mount.mount, mount]))
  const byDevice = new Map<string, Mount>()
  for (const mount of visible.values()) {
    if (!isStorage(mount) || (isNetwork(mount) && !config.network_mounts) || isExcluded(mount.mount)) continue
    const key = mount.device.startsWith('/') ? mount.device : mount.mount
    const known = byDevice.get(key)
    if (known === undefined || mount.mount.length < known.mount.length) byDevice.set(key, mount)
  }
  return [...byDevice.values()]
}

function isStorage({ mount, fstype, readonly }: Mount): boolean {
  if (pseudoTypes.has(fstype) || inside.test(mount)) return false
  // The layers of a container's root are its only storage; elsewhere an overlay repeats what lies under it. A tmpfs that is read-only cannot fill.
  if (fstype === 'overlay') return mount === '/'
  return !(fstype === 'tmpfs' && readonly)
}

/** Who answers for a mount: undefined for the disks of this machine, otherwise the server or the program of which all its mounts hang together. */
export function serverOf(mount: Mount): string | undefined {
  if (!isNetwork(mount) && !mount.fstype.startsWith('fuse')) return undefined
  const name = /^(?:\/\/([^/]+)|([^/]+):\/)/.exec(mount.device)
  return name?.[1] ?? name?.[2]?.replace(/^.*@/, '') ?? mount.mount
}

function isNetwork({ device, fstype }: Mount): boolean {
  return networkTypes.has(fstype) || /^(?:\/\/|[^/]+:\/)/.test(device)
}
