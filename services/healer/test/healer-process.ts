import { startHealer } from './healer-rig.ts'

/** A healer in a process of its own, for tests that kill it: `node healer-process.ts <url> <state folder> <playbooks as JSON>`. */
const [url = '', stateDir = '', playbooks = '{}'] = process.argv.slice(2)
const started = await startHealer(url, stateDir, { playbooks: JSON.parse(playbooks) as unknown })
process.once('SIGTERM', () => void started.stop().then(() => process.exit(0)))
process.stdout.write('started\n')
