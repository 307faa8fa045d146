import { z } from 'zod'

const minLength = 12
const minDistinct = 6
const common = ['password', 'passwort', 'secret', 'changeme', 'nightshift', 'backup', 'qwerty', '123456', 'letmein']

/** Why a password does not protect, in words; undefined when it may do. What is guessed in an afternoon is no protection: the repository may be copied and tried at leisure. */
export function weaknessOf(password: string): string | undefined {
  if (password.length < minLength) return `has ${password.length} characters; the least is ${minLength}`
  if (new Set(password).size < minDistinct) return `has fewer than ${minDistinct} different characters`
  const rest = common.reduce((text, word) => text.replaceAll(word, ''), password.toLowerCase()).replaceAll(/[^a-z0-9]/g, '')
  return rest.length < minDistinct ? 'is made of words that are tried first' : undefined
}

/** The password of a repository. */
export const passwordSchema = z.string().superRefine((password, context) => {
  const weakness = weaknessOf(password)
  if (weakness !== undefined)
    context.addIssue({
      code: 'custom',
      message: weakness,
      params: { hint: 'make one with `openssl rand -base64 32`, and keep a copy outside of this host' },
    })
})
