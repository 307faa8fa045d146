import type { Command } from './command.ts'

export interface Entry {
  readonly name: string
  readonly summary: string
  /** Loaded only when it is called: `run collector` must not carry what the others need. */
  load(): Promise<Command>
}

/** Every word after `nightshift`, in the order of its help. */
export const commands: readonly Entry[] = [
  { name: 'up', summary: 'watch this host: broker, services and console in one process', load: async () => (await import('./up.ts')).up },
  {
    name: 'status',
    summary: 'say how things stand: hosts, services, checks, alerts',
    load: async () => (await import('./status.ts')).status,
  },
  { name: 'tap', summary: 'show what happens, one line each, as it happens', load: async () => (await import('./tap.ts')).tap },
  { name: 'logs', summary: 'search what the logs of all hosts said', load: async () => (await import('./logs.ts')).logs },
  { name: 'alerts', summary: 'list the alerts that are pending or firing', load: async () => (await import('./alerts.ts')).alerts },
  { name: 'ack', summary: 'take an alert on, or give it back', load: async () => (await import('./ack.ts')).ack },
  { name: 'silence', summary: 'keep quiet about alerts for a while', load: async () => (await import('./silence.ts')).silence },
  {
    name: 'rules',
    summary: 'test alert rules, replay them on the past, explain what they did',
    load: async () => (await import('./rules.ts')).rules,
  },
  {
    name: 'backup',
    summary: 'back up now, see what can be restored, keep repositories in order',
    load: async () => (await import('./backup.ts')).backup,
  },
  { name: 'notify', summary: 'send a test message by a channel', load: async () => (await import('./notify.ts')).notify },
  { name: 'record', summary: 'write down what happens, for rules replay', load: async () => (await import('./record.ts')).record },
  {
    name: 'init',
    summary: 'ask what is needed, write a configuration and send a test message',
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'check-config',
    summary: 'say everything that is wrong with a configuration file',
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  { name: 'doctor', summary: 'look for what is missing or about to go wrong', load: async () => (await import('./doctor.ts')).doctor },
  { name: 'host', summary: 'add a second host, or forget one', load: async () => (await import('./host.ts')).host },
  { name: 'run', summary: 'one service in the foreground, against any NATS', load: async () => (await import('./run.ts')).run },
  {
    name: 'bootstrap',
    summary: 'create or update the streams and buckets of a NATS',
    load: async () => (await import('./bootstrap.ts')).bootstrap,
  },
]
