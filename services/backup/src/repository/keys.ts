import { ConflictError } from '@nightshift/shared/errors'
import { keyIds, listKeyFiles, writeKey } from './key-file.ts'
import type { KeyEntry, KeyOwner } from './key-file.ts'
import type { Repository } from './repository.ts'

/** One more password for the same master key. */
export async function addKey(repository: Repository, owner: KeyOwner, signal?: AbortSignal): Promise<string> {
  return await writeKey(repository.store, repository.keys, owner, signal)
}

export async function listKeys(repository: Repository, signal?: AbortSignal): Promise<KeyEntry[]> {
  return await listKeyFiles(repository.store, signal)
}

/**
 * Takes a password away. Who had it may have kept the master key: against that only a copy into a new repository helps. The key in use
 * is not removed, so that nobody is locked out by mistake.
 */
export async function removeKey(repository: Repository, keyId: string, signal?: AbortSignal): Promise<void> {
  if (keyId === repository.keyId)
    throw new ConflictError(
      'key_in_use',
      'this is the key that the present password opens: open the repository with another password first',
    )
  if (!(await keyIds(repository.store, signal)).includes(keyId))
    throw new ConflictError('key_unknown', `${repository.store.description} has no key ${keyId}: \`nightshift backup key list\` shows them`)
  await repository.store.remove({ type: 'key', id: keyId }, signal)
}

/** A new password in place of the present one: the new key is there before the old one goes. */
export async function rotateKey(repository: Repository, owner: KeyOwner, signal?: AbortSignal): Promise<string> {
  const keyId = await writeKey(repository.store, repository.keys, owner, signal)
  await repository.store.remove({ type: 'key', id: repository.keyId }, signal)
  return keyId
}
