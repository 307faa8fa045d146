import { isSecretKey } from '@nightshift/shared/service/redact'
import type { LogAnalysisConfig } from '../../../config/log-analysis.ts'
import type { FieldValue } from '../../record.ts'
import { BoundedPattern } from '../../../patterns/bounded-pattern.ts'
import { emailRule, maskText, secretRules, type MaskRule } from './mask-rules.ts'

/** What is longer is cut before it is searched: no text that leaves the host is longer. */
const longestText = 16_384
/** None of the built-in rules finds anything in a text without one of these. */
const worthALook =
  /[@=:]|%3D|%40|\d[\d -]{12}|ey[JI]|A[KSRIBC][IOCD]A|xox|gh[pousr]_|github_pat|BEGIN|[a-z_]{2,6}[-_.][A-Za-z0-9]{8}|bearer|basic|token|apikey|negotiate|AIza|ya29|S[UAONCX][A-Z2-7]{8}|sq0|\/\//i

/** Takes secrets, tokens, card numbers and e-mail addresses out of what leaves the host. */
export class Masker {
  /** Places that were masked. */
  maskedTotal = 0
  readonly #isEnabled: boolean
  readonly #rules: readonly MaskRule[]
  readonly #own: readonly BoundedPattern[]
  readonly #allow: readonly BoundedPattern[]

  constructor(config: LogAnalysisConfig['masking']) {
    this.#isEnabled = config.enabled
    this.#rules = config.emails ? [...secretRules, emailRule] : secretRules
    this.#own = config.patterns.map((source) => new BoundedPattern(source))
    this.#allow = config.allow.map((source) => new BoundedPattern(`(?:${source})$`, { isAnchored: true }))
  }

  text(text: string): string {
    const seen = text.length <= longestText ? text : `${text.slice(0, longestText)}…`
    if (!this.#isEnabled) return seen
    let result = seen
    if (worthALook.test(seen)) for (const rule of this.#rules) result = this.#apply(rule, result)
    for (const pattern of this.#own) result = this.#applyOwn(pattern, result)
    return result
  }

  /** What stands under a secret-looking key goes as a whole; keys are texts of the line too. */
  fields(fields: Readonly<Record<string, FieldValue>>): Record<string, FieldValue> {
    if (!this.#isEnabled) return { ...fields }
    const masked: Record<string, FieldValue> = {}
    for (const [key, value] of Object.entries(fields)) masked[this.text(key)] = this.value(key, value)
    return masked
  }

  value(key: string, value: FieldValue): FieldValue {
    if (typeof value === 'boolean' || value === null || !this.#isEnabled) return value
    if (isSecretKey(key.slice(key.lastIndexOf('.') + 1)) && !isCount(key, value)) {
      this.maskedTotal++
      return maskText
    }
    if (typeof value === 'string') return this.text(value)
    const text = String(value)
    const masked = this.text(text)
    return masked === text ? value : masked
  }

  #apply(rule: MaskRule, text: string): string {
    // Much cheaper than a replacement that finds nothing.
    rule.pattern.lastIndex = 0
    if (!rule.pattern.test(text)) return text
    rule.pattern.lastIndex = 0
    return text.replaceAll(rule.pattern, (found: string, ...groups: unknown[]) => {
      const rewritten = rule.rewrite?.(found)
      if (rewritten === found || this.#isAllowed(found)) return found
      this.maskedTotal++
      if (rewritten !== undefined) return rewritten
      return rule.replacement.replaceAll(/\$(\d)/g, (_, index: string) => {
        const kept = groups[Number(index) - 1]
        return typeof kept === 'string' ? kept : ''
      })
    })
  }

  /** A text that a pattern takes too long for goes as a whole: nobody knows what stands in it. */
  #applyOwn(pattern: BoundedPattern, text: string): string {
    const places = pattern.places(text)
    if (places === 'slow') {
      this.maskedTotal++
      return maskText
    }
    let result = ''
    let end = 0
    for (const [from, to] of places) {
      if (from === to || this.#isAllowed(text.slice(from, to))) continue
      this.maskedTotal++
      result += text.slice(end, from) + maskText
      end = to
    }
    return result + text.slice(end)
  }

  #isAllowed(found: string): boolean {
    return this.#allow.some((allowed) => allowed.test(found) === true)
  }
}

/** `max_tokens: 4096` counts, it does not open anything. */
function isCount(key: string, value: string | number): boolean {
  return typeof value === 'number' && /tokens$/i.test(key)
}
