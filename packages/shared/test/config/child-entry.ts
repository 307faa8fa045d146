import { runConfigChild } from '@nightshift/shared/config/config-child'
import { sampleSections } from './sample-sections.ts'

await runConfigChild({ service: 'collector', schema: sampleSections.collector })
