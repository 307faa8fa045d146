import { connect } from 'node:net'
import { freePort } from './nats.ts'
import { DatabaseProcess, findProgram, type DatabaseServer } from './postgres.ts'

/** Why Redis cannot be started here; undefined when it can. */
export function redisObstacle(): string | undefined {
  return findProgram('REDIS_SERVER', 'redis-server') === undefined ? 'no redis-server: put one on PATH, or set REDIS_SERVER' : undefined
}

export interface RedisOptions {
  /** Lines of configuration such as `replicaof 127.0.0.1 6379`. */
  config?: readonly string[]
  /** Files in the folder in which the server runs, by name. */
  files?: Readonly<Record<string, string>>
}

/** Starts Redis with a password for its default user. */
export async function startRedis(options: RedisOptions = {}): Promise<DatabaseServer> {
  const program = findProgram('REDIS_SERVER', 'redis-server')
  if (program === undefined) throw new Error(redisObstacle())
  const server = new DatabaseProcess('redis', ['redis'])
  const port = await freePort()
  for (const [name, text] of Object.entries(options.files ?? {})) server.write(name, text)
  const password = 'Tester-5ecret'
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${server.folder}`,
    `requirepass ${password}`,
    'daemonize no',
    ...(options.config ?? []),
  ]
  const args = [server.write('redis.conf', `${lines.join('\n')}\n`)]
  const isReady = async (): Promise<boolean> => await answers(port)
  try {
    await server.start(program, args, isReady)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    port,
    user: 'default',
    password,
    folder: server.folder,
    get pid() {
      return server.pid
    },
    log: () => server.log(),
    kill: async (signal) => await server.kill(signal),
    async restart() {
      await server.kill('SIGKILL')
      await server.start(program, args, isReady)
    },
    stop: async () => await server.stop(),
  }
}

/** Whoever has not logged in gets `-NOAUTH` for a PING, and `-LOADING` before the data is there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1000, () => finish(false))
    socket.on('error', () => finish(false))
    socket.once('data', (data) => finish(/^(?:-NOAUTH|\+PONG)/.test(data.toString())))
  })
}
