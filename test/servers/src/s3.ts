import { freePort } from './nats.ts'
import { DatabaseProcess, findProgram } from './postgres.ts'

/** A real S3 server (SeaweedFS) of a test. Loopback only. */
export interface S3Server {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly port: number
  readonly pid: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  log(): string
  /** SIGSTOP and SIGCONT freeze and thaw it. */
  kill(signal: NodeJS.Signals): Promise<void>
  stop(): Promise<void>
}

/** Why no S3 server can be started here; undefined when it can. */
export function s3Obstacle(): string | undefined {
  return findProgram('WEED', 'weed') === undefined ? 'no SeaweedFS: put weed on PATH, or set WEED' : undefined
}

/** Starts master, volume, filer and S3 gateway in one process, with one user who may do everything. There is no bucket yet. */
export async function startS3(): Promise<S3Server> {
  const program = findProgram('WEED', 'weed')
  if (program === undefined) throw new Error(s3Obstacle())
  const server = new DatabaseProcess('s3', [])
  const [accessKeyId, secretAccessKey] = ['TESTER', 'Tester-5ecret']
  const identity = { name: 'tester', credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }], actions: ['Admin'] }
  const config = server.write('s3.json', JSON.stringify({ identities: [identity] }))
  const portNames = [
    'master.port',
    'master.port.grpc',
    'volume.port',
    'volume.port.grpc',
    'filer.port',
    'filer.port.grpc',
    's3.port',
    's3.port.grpc',
  ]
  const ports = new Map<string, number>()
  for (const name of portNames) ports.set(name, await freePort())
  const settings = {
    dir: server.folder,
    ip: '127.0.0.1',
    'ip.bind': '127.0.0.1',
    filer: true,
    s3: true,
    's3.config': config,
    's3.autoCreateBucket': false,
    's3.iam': false,
    's3.port.iceberg': 0,
    's3.port.lance': 0,
    'volume.max': 20,
    'master.volumeSizeLimitMB': 512,
    'master.volumePreallocate': false,
    ...Object.fromEntries(ports),
  }
  const args = ['-logtostderr=true', 'server', ...Object.entries(settings).map(([name, value]) => `-${name}=${value}`)]
  const port = ports.get('s3.port') ?? 0
  const filer = ports.get('filer.port')
  const endpoint = `http://127.0.0.1:${port}`
  const isReady = async (): Promise<boolean> => (await answers(endpoint)) && (await answers(`http://127.0.0.1:${filer}`))
  try {
    await server.start(program, args, isReady)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    endpoint,
    port,
    accessKeyId,
    secretAccessKey,
    get pid() {
      return server.pid
    },
    log: () => server.log(),
    kill: async (signal) => await server.kill(signal),
    stop: async () => await server.stop(),
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}
