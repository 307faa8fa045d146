import { expect, it } from 'vitest'
import { destinationSchema } from '../../src/config/destination-config.ts'

const secret = 'Zq8-Rt3_Lm9+Kx2!'
const s3 = { kind: 's3', endpoint: 'https://s3.example.com', bucket: 'backups', access_key_id: 'A', secret_access_key: secret }

const problemOf = (value: unknown): string => {
  const result = destinationSchema.safeParse(value)
  return result.success ? 'none' : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')
}

it('takes a folder, a bucket and an object store, and fills in the rest', () => {
  expect(destinationSchema.parse({ kind: 'local', path: '/var/backups/nightshift' })).toEqual({
    kind: 'local',
    path: '/var/backups/nightshift',
    off_site: false,
  })
  expect(destinationSchema.parse({ ...s3, prefix: 'ns/web-1', off_site: true, bandwidth: '10MiB', password: secret })).toMatchObject({
    region: 'auto',
    timeout: 60_000,
    off_site: true,
    bandwidth: 10_485_760,
  })
  expect(destinationSchema.parse({ kind: 's3', region: 'eu-central-1', bucket: 'backups', lock: { retain: '30d' } })).toMatchObject({
    lock: { mode: 'governance', retain: 2_592_000_000 },
  })
  expect(destinationSchema.parse({ kind: 'nats', bucket: 'nightshift-backup' })).toEqual({
    kind: 'nats',
    bucket: 'nightshift-backup',
    max_bytes: 68_719_476_736,
    replicas: 1,
    off_site: false,
  })
})

it.each([
  [{ kind: 'ftp' }, 'kind'],
  [{ kind: 'local', path: 'backups' }, 'path write the whole path'],
  [{ kind: 'local', path: '/' }, 'path write the whole path'],
  [{ kind: 'local', path: '/b', password: 'short' }, 'password has 5 characters'],
  [{ ...s3, endpoint: 's3.example.com' }, 'endpoint is not the address of a server'],
  [{ ...s3, endpoint: 'https://a:b@s3.example.com' }, 'endpoint holds a login'],
  [{ ...s3, endpoint: 'https://s3.example.com/backups' }, 'endpoint has more than a host and a port'],
  [{ ...s3, bucket: 'Backups' }, 'bucket is not the name of a bucket'],
  [{ ...s3, prefix: '/ns' }, 'prefix must not begin or end with /'],
  [{ ...s3, prefix: 'ns/../other' }, 'prefix must not'],
  [{ ...s3, secret_access_key: undefined }, 'access_key_id is of no use without secret_access_key'],
  [{ ...s3, access_key_id: undefined }, 'secret_access_key is of no use without access_key_id'],
  [{ ...s3, endpoint: undefined }, 'region is needed where there is no endpoint'],
  [{ ...s3, storage_class: 'GLACIER' }, 'storage_class cannot be read at once'],
  [{ ...s3, kms_key_id: 'k' }, 'kms_key_id is of no use here'],
  [{ ...s3, lock: { retain: '1h' } }, 'lock.retain 1h is too short'],
  [{ kind: 'nats', bucket: 'a.b' }, 'bucket is not the name of an object store'],
  [{ kind: 'nats', bucket: 'b', max_bytes: '1MiB' }, 'max_bytes 1MiB is too small'],
  [{ kind: 'nats', bucket: 'b', path: '/x' }, 'path'],
])('refuses %j', (value, words) => {
  expect(problemOf(value)).toContain(words)
  expect(problemOf(value)).not.toContain(secret)
})
