/** Under these names it is told of what is of no single job; no job may have one of them. */
export const verifyJob = 'verify'
export const planJob = 'plan'
