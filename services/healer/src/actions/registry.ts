import type { Playbook } from '../playbook/playbook.ts'
import type { ActionContext, ActionResult } from './action.ts'
import { runCommand } from './command.ts'

type ActionKind = Playbook['action']['kind']
type Action<K extends ActionKind> = (
  spec: Extract<Playbook['action'], { kind: K }>['spec'],
  context: ActionContext,
) => Promise<ActionResult>

/** Every action a playbook may name, by its key in the configuration. To add one: copy command.ts, add its schema to config.ts and one line here. */
export const actions: { readonly [K in ActionKind]: Action<K> } = {
  run: runCommand,
}
