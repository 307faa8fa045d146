/** Whose control group it is. */
export interface ContainerAt {
  /** As the runtime knows it: 64 hexadecimal digits; the name where there is no other. */
  readonly id: string
  readonly runtime: string
}

const runtimeOfPrefix: Readonly<Record<string, string>> = {
  docker: 'docker',
  libpod: 'podman',
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
}

/**
 * The container of a path such as `system.slice/docker-<id>.scope`, `docker/<id>`, `kubepods/burstable/pod<uid>/<id>`,
 * `machine.slice/libpod-<id>.scope` or `lxc.payload.<name>`. `none`: nothing below it is one either. Undefined: look further down.
 */
export function containerAt(path: string, services: boolean): ContainerAt | 'none' | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const match = /^(?:([a-z-]+)-)?([0-9a-f]{64})(?:\.scope)?$/.exec(name)
  if (match?.[2] !== undefined) {
    const runtime = match[1] === undefined ? runtimeOfPath(path) : runtimeOfPrefix[match[1]]
    // Helpers such as conmon have groups of their own beside that of the container.
    return runtime === undefined ? 'none' : { id: match[2], runtime }
  }
  const lxc = /^lxc\.payload\.(.+)$/.exec(name) ?? /^lxc\/([^/]+)$/.exec(path)
  if (lxc?.[1] !== undefined && !lxc[1].startsWith('lxc.')) return { id: lxc[1], runtime: 'lxc' }
  if (name.startsWith('lxc.monitor') || name.startsWith('lxc.pivot')) return 'none'
  if (services && /^system\.slice\/(?:[^/]+\.slice\/)?[^/]+\.service$/.test(path)) return { id: name, runtime: 'systemd' }
  return undefined
}

function runtimeOfPath(path: string): string {
  return /(?:^|\/)docker\//.test(path) ? 'docker' : 'containerd'
}
