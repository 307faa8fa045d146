import { join } from 'node:path'
import { brokerFolder } from '../broker/broker-users.ts'
import { readIdentity } from '@nightshift/shared/service/folder-lock'
import { isAlive } from '@nightshift/shared/service/process-identity'

/** Tells the running broker to read its users again; nothing to do when none runs, for it reads them at its start. */
export function signalReload(dataFolder: string): void {
  const broker = readIdentity(join(brokerFolder(dataFolder), 'broker.json'))
  if (broker !== undefined && isAlive(broker)) process.kill(broker.pid, 'SIGHUP')
}
