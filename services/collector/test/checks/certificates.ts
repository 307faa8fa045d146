import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why there is no `openssl` to make certificates with; empty when there is. */
export const openSslObstacle = spawnSync('openssl', ['version']).status === 0 ? '' : 'no openssl on PATH'

export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** An authority of its own, in a folder; gives paths. */
export function makeAuthority(folder: string): Certificate {
  const paths = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca.key') }
  const subject = ['-subj', '/CN=Nightshift Test CA', '-addext', 'basicConstraints=critical,CA:TRUE']
  openssl(['req', '-x509', ...newKey, '-days', '3650', ...subject, '-keyout', paths.key, '-out', paths.cert])
  return paths
}

/** A certificate for a name and 127.0.0.1, signed by an authority; it has expired when the days are negative. */
export function makeCertificate(folder: string, authority: Certificate, name: string, days: number): Certificate {
  const base = join(folder, `${name}-${days}`)
  const paths = { cert: `${base}.pem`, key: `${base}.key` }
  openssl(['req', '-new', ...newKey, '-subj', `/CN=${name}`, '-keyout', paths.key, '-out', `${base}.csr`])
  const extensions = `subjectAltName=DNS:${name},IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n`
  // `x509 -days` takes no negative number, `ca` takes dates: the one that has expired is made by `ca`.
  const index = `${base}.index`
  const config = `[ca]\ndefault_ca=d\n[d]\ndatabase=${index}\nnew_certs_dir=${folder}\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n${extensions}`
  writeFileSync(index, '')
  writeFileSync(`${base}.cnf`, config)
  const dates = ['-startdate', asn1Date(Math.min(days, 0) - 30), '-enddate', asn1Date(days)]
  const signer = ['-cert', authority.cert, '-keyfile', authority.key]
  openssl(['ca', '-batch', '-notext', '-config', `${base}.cnf`, ...signer, ...dates, '-in', `${base}.csr`, '-out', paths.cert])
  return paths
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Half a day more, so that `days` whole days are left while the test runs. */
function asn1Date(days: number): string {
  return `${new Date(Date.now() + (days + 0.5) * 86_400_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
}

function openssl(argv: string[]): void {
  const { status, stderr } = spawnSync('openssl', argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${argv[0]} failed: ${stderr}`)
}
