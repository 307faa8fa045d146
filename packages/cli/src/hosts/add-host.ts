import { join } from 'node:path'
import { networkInterfaces } from 'node:os'
import type { BaseConfig } from '@nightshift/shared/config/base'
import { ConfigError } from '@nightshift/shared/errors'
import { stringify } from 'yaml'
import { openUsers, writeAccounts } from '../broker/broker-users.ts'
import { readRunFile } from '../data-folder/run-file.ts'
import { writePrivate } from '../data-folder/write-private.ts'
import { splitUrl } from '../operator/connect-operator.ts'
import { signalReload } from './signal-reload.ts'

export interface AddHostOptions {
  host: string
  dataFolder: string
  base: BaseConfig
  /** Where the other host reaches this broker; guessed when absent. */
  natsUrl: string | undefined
  /** What runs there besides the collector. */
  besides: readonly ('backup' | 'healer')[]
  /** Where the file for the other host is written. */
  folder: string
}

/**
 * Gives a second host its own user on the broker and writes the one file that a collector there needs. The seeds in it are kept nowhere
 * else: lose the file, and add the host again.
 */
export async function addHost(options: AddHostOptions, out: (line: string) => void): Promise<void> {
  const { host, base, dataFolder } = options
  const run = readRunFile(dataFolder)
  if (host === run.host) throw new ConfigError('own_host', `${host} is this host; its collector runs already`)
  const url = options.natsUrl ?? guessUrl(base, splitUrl(run.nats_url).server)
  const users = openUsers(dataFolder)
  const services = ['collector', ...options.besides] as const
  const files = services.map((service) => {
    const seed = users.invite({ service, host })
    const file = join(options.folder, `${host}.${service}.yaml`)
    writePrivate(file, renderHostFile(service, host, url, seed, base.namespace))
    return { service, file }
  })
  writeAccounts(dataFolder, users, base.namespace)
  signalReload(dataFolder)
  out(
    `${host} may join. Copy ${files.length === 1 ? 'this file' : 'these files'} there; who has one can speak for ${host}, and for nobody else:`,
  )
  files.forEach(({ file }) => out(`  ${file}`))
  out(`and start there, in a checkout of nightshift:`)
  files.forEach(({ service, file }) => out(`  ./nightshift run ${service} --config ${file.split('/').at(-1)}`))
}

const examples = {
  collector: '# collector:\n#   checks:\n#     web: { kind: http, url: "http://127.0.0.1:8000/health" }\n',
  healer: '# healer:\n#   playbooks:\n#     restart-web: { when: { check: web }, mode: auto, run: [systemctl, restart, web] }\n',
  backup: `# backup:
#   password_file: /etc/nightshift/backup-password
#   destinations: { disk: { kind: local, path: /var/backups/nightshift } }
#   jobs: { etc: { source: { kind: directory, paths: [/etc] }, schedule: daily } }
`,
} as const

function renderHostFile(service: keyof typeof examples, host: string, url: string, seed: string, namespace: string): string {
  const body = { host, ...(namespace === 'ops' ? {} : { namespace }), nats: { servers: [url], nkey: seed } }
  return `# Nightshift ${service} on ${host}. Holds a key: keep it private (mode 0600).\n${stringify(body)}${examples[service]}`
}

/** The first address of this machine that another one could reach. Throws ConfigError while the broker listens on loopback only. */
function guessUrl(base: BaseConfig, server: string): string {
  const { port } = new URL(server)
  const listen = base.up.nats_listen
  if (listen === '127.0.0.1' || listen === '::1' || listen === 'localhost') {
    throw new ConfigError(
      'loopback_only',
      'the broker listens on this machine only; set up.nats_listen to an address that the other host reaches (0.0.0.0 for all) and restart, or name a way in with --nats URL',
    )
  }
  if (listen !== '0.0.0.0' && listen !== '::') return `nats://${listen}:${port}`
  const address = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address
  if (address === undefined)
    throw new ConfigError('no_address', 'this machine has no address that another host could reach; name one with --nats URL')
  return `nats://${address}:${port}`
}
