/** The name under which a prune is told of; no job may have it. */
export const pruneJob = 'prune'
