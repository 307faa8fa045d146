/** The name under which a check of integrity is told of; no job may have it. */
export const integrityJob = 'integrity'
