import { ConfigError } from '@nightshift/shared/errors'
import { findConfigFile, openConfig } from '../config/open-config.ts'
import { findDataFolder } from '../data-folder/data-path.ts'
import { addHost } from '../hosts/add-host.ts'
import { forgetHost } from '../hosts/forget-host.ts'
import { readFlags, type Command } from './command.ts'

const usage = `nightshift host add NAME [--nats URL] [--healer] [--backup] [--config FILE] [--data DIR]
       nightshift host forget NAME [--config FILE] [--data DIR]
  add      makes the one file and prints the one command that start a collector on a second host
  --nats   where that host reaches this one, for example nats://hub.example.com:4222
  --healer also a healer there, with its own commands
  --backup also a backup service there, with its own destinations
  forget   takes its credentials away and ends its alerts and checks for good`

const options = {
  config: { type: 'string' },
  data: { type: 'string' },
  nats: { type: 'string' },
  healer: { type: 'boolean', default: false },
  backup: { type: 'boolean', default: false },
} as const

/** A second host joins, or leaves for good. */
export const host: Command = {
  usage,
  run: async (args, terminal) => {
    const { values, positionals } = readFlags({ usage }, { args, allowPositionals: true, options })
    const [verb, name, ...rest] = positionals
    if ((verb !== 'add' && verb !== 'forget') || name === undefined || rest.length > 0)
      throw new ConfigError('usage', `say what to do with which host\nusage: ${usage}`)
    if (!/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(name))
      throw new ConfigError('usage', `${name} is no host name: letters, digits, dots and dashes only`)
    const dataFolder = findDataFolder(values.data, terminal.env, terminal.cwd)
    const { base } = await openConfig(findConfigFile(values.config, terminal.cwd), terminal)
    const plain = name.toLowerCase()
    const besides = (['healer', 'backup'] as const).filter((service) => values[service])
    if (verb === 'add') await addHost({ host: plain, dataFolder, base, natsUrl: values.nats, besides, folder: terminal.cwd }, terminal.out)
    else await forgetHost({ host: plain, dataFolder, base }, terminal.out)
    return 0
  },
}
