import { existsSync } from 'node:fs'
import { cgroupV1Tree } from './cgroup-v1.ts'
import { cgroupV2Tree } from './cgroup-v2.ts'
import type { CgroupTree } from './cgroup-usage.ts'

/** The tree that is mounted below `<sys>/fs/cgroup`; undefined when there is none. */
export function openCgroupTree(sys: string): CgroupTree | undefined {
  const root = `${sys}/fs/cgroup`
  return existsSync(`${root}/cgroup.controllers`) ? cgroupV2Tree(root) : cgroupV1Tree(root)
}
