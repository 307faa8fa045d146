import { readFile, readlink, opendir } from 'node:fs/promises'
import { factsOfId, type ContainerFacts } from './container-facts.ts'
import { asRecord, asText } from './docker-answers.ts'

/** Entries of the kubelet's folder that are read. */
const maxEntries = 8192
const maxConfigBytes = 1024 * 1024

/**
 * The kubelet's links to the logs, `<pod>_<namespace>_<container>-<id>.log`, tell who a container of Kubernetes is without any request;
 * where each leads, `.../<container>/<n>.log`, tells how often it was started again. Only the ids asked for.
 */
export async function namesByLogLinks(folder: string, wanted: ReadonlySet<string>): Promise<Map<string, ContainerFacts>> {
  const names = new Map<string, ContainerFacts>()
  if (wanted.size === 0) return names
  try {
    let entries = 0
    for await (const { name } of await opendir(folder)) {
      if (++entries > maxEntries) break
      const parsed = parseLogLink(name)
      if (parsed === undefined || !wanted.has(parsed.id)) continue
      const restarts = attemptOf(await readlink(`${folder}/${name}`).catch(() => ''))
      names.set(parsed.id, { ...parsed, ...(restarts === undefined ? {} : { restarts }) })
    }
  } catch {
    // No kubelet on this host, or its folder is not mounted.
  }
  return names
}

/** Pods, namespaces and containers have no underscore in their names. */
export function parseLogLink(name: string): ContainerFacts | undefined {
  const match = /^([^_]+)_([^_]+)_([^_]+)-([0-9a-f]{64})\.log$/.exec(name)
  const [, pod = '', namespace = '', container = '', id = ''] = match ?? []
  return match === null ? undefined : { ...factsOfId(id, 'containerd'), name: container, namespace, pod }
}

function attemptOf(target: string): number | undefined {
  const attempt = /\/(\d{1,9})\.log$/.exec(target)?.[1]
  return attempt === undefined ? undefined : Number(attempt)
}

/**
 * Who a container is by the `config.json` that containerd or CRI-O wrote for it: their own interface is gRPC. `sandbox`: it only holds the
 * namespaces of a pod. Undefined when there is no such file, or nothing in it tells.
 */
export async function nameByConfig(root: string, id: string): Promise<ContainerFacts | 'sandbox' | undefined> {
  const folders = ['k8s.io', 'default', 'moby'].map(
    (namespace) => `${root}/run/containerd/io.containerd.runtime.v2.task/${namespace}/${id}`,
  )
  for (const folder of [...folders, `${root}/run/containers/storage/overlay-containers/${id}/userdata`]) {
    const text = await readFile(`${folder}/config.json`, { encoding: 'utf8' }).catch(() => undefined)
    if (text !== undefined && text.length <= maxConfigBytes) return parseConfig(text, id)
  }
  return undefined
}

export function parseConfig(text: string, id: string): ContainerFacts | 'sandbox' | undefined {
  const annotations = asRecord(asRecord(parse(text))['annotations'])
  const first = (...keys: string[]): string => keys.map((key) => asText(annotations[key])).find((value) => value !== '') ?? ''
  if (first('io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType') === 'sandbox') return 'sandbox'
  const name = first('io.kubernetes.cri.container-name', 'io.kubernetes.container.name', 'nerdctl/name')
  if (name === '') return undefined
  const restarts = first('io.kubernetes.container.restartCount')
  return {
    ...factsOfId(id, annotations['io.kubernetes.cri-o.ContainerType'] === undefined ? 'containerd' : 'cri-o'),
    name,
    image: first('io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName'),
    namespace: first('io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace'),
    pod: first('io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name'),
    ...(/^\d{1,9}$/.test(restarts) ? { restarts: Number(restarts) } : {}),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
