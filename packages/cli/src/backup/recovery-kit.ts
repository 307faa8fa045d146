import type { DestinationConfig } from '@nightshift/backup/config/destination-config'

/** What the kit says of one repository. */
export interface KitEntry {
  readonly name: string
  readonly id: string
  readonly config: DestinationConfig
}

/** What somebody needs who has nothing left but this page and the password: where the data is, and how plain restic brings it back. Pure. */
export function recoveryKit(host: string, jobs: readonly string[], entries: readonly KitEntry[], madeTime: string): string {
  const lines = [
    `Nightshift recovery kit of ${host}, made ${madeTime.slice(0, 10)}`,
    '',
    'Keep it outside of this host, with the password (it is not in here: who has both reads everything).',
    'The data is a restic repository: restic brings it back on any machine, without Nightshift.',
    ...entries.flatMap((entry) => ['', ...entryLines(entry, jobs)]),
    '',
    'With Nightshift and the configuration file, without a bus:',
    '  nightshift backup list --local --config nightshift.yaml',
    '  nightshift backup restore JOB --local --to /restore --config nightshift.yaml',
  ]
  return lines.join('\n')
}

function entryLines({ name, id, config }: KitEntry, jobs: readonly string[]): string[] {
  const job = jobs[0] ?? 'JOB'
  const { where, environment, before, address } = accessOf(name, config)
  const restic = `${environment}restic -r ${address}`
  return [
    `Repository ${name}`,
    `  id      ${id}`,
    `  where   ${where}`,
    '  look    ' + [...before, `${restic} snapshots`].join('\n          '),
    `  check   ${restic} check --read-data`,
    `  restore ${restic} restore latest --tag job=${job} --target /restore`,
    ...(jobs.length > 1 ? [`          (jobs: ${jobs.join(', ')})`] : []),
  ]
}

function accessOf(name: string, config: DestinationConfig): { where: string; environment: string; before: string[]; address: string } {
  switch (config.kind) {
    case 'local':
      return { where: `folder ${config.path}`, environment: '', before: [], address: quoted(config.path) }
    case 's3': {
      const server = config.endpoint ?? `https://s3.${config.region}.amazonaws.com`
      const path = [config.bucket, ...(config.prefix === undefined ? [] : [config.prefix])].join('/')
      const environment = 'AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... '
      return {
        where: `bucket ${config.bucket} at ${server}`,
        environment,
        before: [],
        address: quoted(`s3:${server.replace(/\/$/, '')}/${path}`),
      }
    }
    case 'nats': {
      const before = [`nightshift backup serve --to ${name} --config nightshift.yaml   # prints the URL for restic`]
      return { where: `object store ${config.bucket} of NATS`, environment: '', before, address: 'rest:URL' }
    }
  }
}

function quoted(text: string): string {
  return /^[A-Za-z0-9_/.:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
