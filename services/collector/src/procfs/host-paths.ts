/** Where the host's own files are: in a container they are mounted beside ours and named by HOST_PROC, HOST_SYS and HOST_ROOT. */
export interface HostPaths {
  readonly proc: string
  readonly sys: string
  readonly root: string
}

export function hostPaths(environment: Readonly<Record<string, string | undefined>>): HostPaths {
  return {
    proc: folder(environment['HOST_PROC']) ?? '/proc',
    sys: folder(environment['HOST_SYS']) ?? '/sys',
    root: folder(environment['HOST_ROOT']) ?? '/',
  }
}

/** A path of the host as this process has to name it. */
export function insideRoot(paths: HostPaths, path: string): string {
  return paths.root === '/' ? path : `${paths.root}${path}`
}

function folder(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  return value.length > 1 && value.endsWith('/') ? value.slice(0, -1) : value
}
