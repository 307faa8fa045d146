import { z } from 'zod'

export const securitySchema = z.strictObject({}).optional().describe('Security posture of this host')
