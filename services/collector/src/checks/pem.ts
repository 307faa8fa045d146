import { X509Certificate } from 'node:crypto'
import { basename } from 'node:path'
import { describeError } from '@nightshift/shared/errors'
import type { CheckConfig } from '../config.ts'
import { insideRoot } from '../procfs/host-paths.ts'
import { certificateDetail, judgeRemaining, severityOf } from './certificates/certificate-age.ts'
import { failed, passed, type CheckKind, type Outcome } from './check.ts'
import { findFiles } from '../globs/find-files.ts'
import { onMountOf } from '../mounts/mount-turns.ts'
import { readPem } from '../network/tls-choice.ts'

type PemCheckConfig = Extract<CheckConfig, { kind: 'pem' }>

/** Files that are read in one run. */
const maxFiles = 200
/** Bundles of authorities have some hundred and fifty. */
const maxCertificates = 500

interface Found {
  readonly file: string
  readonly certificate: X509Certificate
  readonly endsMs: number
}

/** Every certificate in a file, or in several, is good for some time yet. */
export const pemCheck: CheckKind<'pem'> = {
  kind: 'pem',
  async run(config, { host, signal }) {
    const all: Found[] = []
    let files: string[] = []
    try {
      const place = insideRoot(host, config.path)
      const prefixLength = place.length - config.path.length
      files = (await onMountOf(place, signal, async () => await findFiles(place, maxFiles))).map((file) => file.slice(prefixLength))
      for (const file of files) all.push(...parse(file, await readPem(file, host, signal)))
    } catch (error) {
      return failed(describeError(error), { files: files.length })
    }
    return judge(config, files, all)
  },
}

function parse(file: string, pem: Buffer): Found[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error(`${file} holds no certificate in PEM format`)
  return blocks.slice(0, maxCertificates).map((block) => {
    try {
      const certificate = new X509Certificate(block)
      return { file, certificate, endsMs: certificate.validToDate.getTime() }
    } catch (error) {
      throw new Error(`${file} holds a broken certificate`, { cause: error })
    }
  })
}

function judge(config: PemCheckConfig, files: readonly string[], all: readonly Found[]): Outcome {
  const first = all.toSorted((a, b) => a.endsMs - b.endsMs)[0]
  if (first === undefined) return failed(`no file is named ${config.path}`, { files: 0, certificates: 0 })
  const { file, certificate, endsMs } = first
  const subject = certificate.subject?.replaceAll('\n', ', ').slice(0, 256) ?? ''
  const detail = {
    files: files.length,
    certificates: all.length,
    file: basename(file),
    subject,
    ...certificateDetail(endsMs),
    severity: severityOf(endsMs, config),
  }
  const notYet = all.find((each) => each.certificate.validFromDate.getTime() > Date.now())
  if (notYet !== undefined) {
    const from = notYet.certificate.validFromDate.toISOString()
    return failed(`a certificate in ${notYet.file} is not valid before ${from}: compare the clocks`, detail)
  }
  const problem = judgeRemaining(endsMs, config.min_remaining, `the certificate ${subject} in ${file}`)
  return problem === undefined ? passed(detail) : failed(problem, detail)
}
