import { spawnSync } from 'node:child_process'

export const dockerSocket = '/var/run/docker.sock'

/** Why no container of an image can be run here; empty when it can. Images are never pulled. */
export function containerObstacle(image: string | undefined, variable: string): string {
  if (image === undefined) return `no image named in ${variable}`
  if (spawnSync('docker', ['version']).status !== 0) return 'no Docker that answers'
  return spawnSync('docker', ['image', 'inspect', image]).status === 0 ? '' : `Docker has no image ${image}: name one in ${variable}`
}

/** One command of Docker; gives what it prints. */
export function docker(...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`docker ${argv[0]} failed: ${stderr}`)
  return stdout.trim()
}
