import { takeInventory } from './take-inventory.ts'

/** A short-lived process that looks at the host with systeminformation and prints the inventory as JSON: arguments PROC SYS ROOT STAMP. */
const [proc = '/proc', sys = '/sys', root = '/', stamp = ''] = process.argv.slice(2)
// A parent that was killed ends nobody.
setTimeout(() => process.exit(1), 90_000).unref()
const inventory = await takeInventory({ proc, sys, root }, Date.now(), stamp)
// Programs that systeminformation left behind must not keep this process.
process.stdout.write(`${JSON.stringify(inventory)}\n`, () => process.exit(0))
