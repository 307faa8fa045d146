import { z } from 'zod'

export const metricFileSchema = z.strictObject({}).optional().describe('A local file that keeps the metrics too')
