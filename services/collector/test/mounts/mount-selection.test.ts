import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMounts } from '../../src/procfs/mounts.ts'
import { selectMounts, serverOf } from '../../src/mounts/mount-selection.ts'
import { fixture } from '../fixture.ts'

const select = (name: string, config = { network_mounts: false, exclude: [] as string[] }): string[] =>
  selectMounts(parseMounts(fixture(name)), config).map(({ mount }) => mount)

test('of the recorded mounts only the disk is storage', () => {
  expect(select('linux-6.18/proc/1/mounts')).toEqual(['/'])
})

test('pseudo file systems, container layers, network mounts and read-only memory are left out; a device is shown once', () => {
  expect(select('hand-written/mounts')).toEqual([
    '/run',
    '/',
    '/tmp',
    '/boot/efi',
    '/srv/data',
    '/mnt/usb stick\t\\a',
    '/mnt/hidden',
    '/home',
    '/www',
  ])
})

test('network mounts come when they are asked for', () => {
  const mounts = select('hand-written/mounts', { network_mounts: true, exclude: [] })
  expect(mounts.filter((mount) => ['/mnt/nas', '/mnt/share', '/mnt/build'].includes(mount))).toHaveLength(3)
})

test('a mount that the config excludes is left out', () => {
  expect(select('hand-written/mounts', { network_mounts: false, exclude: ['/mnt/*', '/boot/efi'] })).toEqual([
    '/run',
    '/',
    '/tmp',
    '/srv/data',
    '/home',
    '/www',
  ])
})

test('what is mounted over hides what was there', () => {
  const hidden = selectMounts(parseMounts(fixture('hand-written/mounts')), { network_mounts: false, exclude: [] }).find(
    ({ mount }) => mount === '/mnt/hidden',
  )
  expect(hidden).toMatchObject({ device: '/dev/sdd1', readonly: true })
})

test('the root of a container is its overlay', () => {
  const mounts = parseMounts('overlay / overlay rw,relatime 0 0\noverlay /x overlay rw 0 0\n')
  expect(selectMounts(mounts, { network_mounts: false, exclude: [] }).map(({ mount }) => mount)).toEqual(['/'])
})

test.each([
  ['/dev/sda1', 'ext4', undefined],
  ['tank/home', 'zfs', undefined],
  ['nas:/volume1', 'nfs4', 'nas'],
  ['[2001:db8::1]:/volume1', 'nfs4', '[2001:db8::1]'],
  ['//files/share', 'cifs', 'files'],
  ['alice@build:/home', 'fuse.sshfs', 'build'],
  ['bucket', 'fuse.s3fs', '/mnt'],
  ['hung', 'fuse', '/mnt'],
])('for %s (%s) answers %s', (device, fstype, server) => {
  expect(serverOf({ device, fstype, mount: '/mnt', readonly: false })).toBe(server)
})

test('any text gives mounts that start with a slash', () => {
  const line = fc.oneof(
    fc.string(),
    fc.array(fc.string({ maxLength: 5 })).map((words) => `/dev/x /${words.join(' ')}`),
  )
  fc.assert(
    fc.property(
      fc.array(line).map((lines) => lines.join('\n')),
      (text) => {
        expect(selectMounts(parseMounts(text), { network_mounts: true, exclude: [] }).every(({ mount }) => mount.startsWith('/'))).toBe(
          true,
        )
      },
    ),
  )
})
