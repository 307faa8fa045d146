import { chmodSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { HostPaths } from '../../src/procfs/host-paths.ts'
import type { LookContext } from '../../src/posture/look.ts'
import { fixturePath } from '../fixture.ts'

/** A folder that stands for the root of a host, with its own /proc, as a container sees the host it watches. */
export class HostFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'nightshift-host-'))
  readonly paths: HostPaths = { root: this.root, proc: join(this.root, 'proc'), sys: join(this.root, 'sys') }

  constructor() {
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }))
    this.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\ndeploy:x:1000:1000::/home/deploy:/bin/bash\n')
    this.write('/etc/group', 'root:x:0:\ndeploy:x:1000:\nsudo:x:27:deploy\n')
    for (const file of ['tcp', 'tcp6', 'udp', 'udp6'])
      cpSync(fixturePath(`posture/recorded/${file}`), this.inside(`/proc/1/net/${file}`), { recursive: true })
  }

  inside(path: string): string {
    return join(this.root, path)
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    mkdirSync(dirname(this.inside(path)), { recursive: true })
    const unfinished = this.inside('/unfinished')
    writeFileSync(unfinished, content)
    chmodSync(unfinished, mode)
    // Whole or not at all, as the tools do that change such files: a look may come at any moment.
    renameSync(unfinished, this.inside(path))
  }

  context(nowMs = Date.now()): LookContext {
    return { host: this.paths, nowMs, signal: new AbortController().signal }
  }
}

/** Whether this process may read what it has no right to: then a test about rights proves nothing. */
export const isRoot = process.getuid?.() === 0
