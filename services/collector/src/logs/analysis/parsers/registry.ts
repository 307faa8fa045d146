import { apacheParser, combinedParser, nginxParser } from './combined.ts'
import { journaldParser, jsonParser, pinoParser } from './json.ts'
import { logfmtParser } from './logfmt.ts'
import type { ParserDefinition } from './parser.ts'
import { patternParser } from './pattern.ts'
import { postgresParser } from './postgres.ts'
import { plainParser, pythonParser } from './python.ts'
import { redisParser } from './redis.ts'
import { syslogParser, authParser } from './syslog.ts'
import { uvicornParser } from './uvicorn.ts'

/** To add one: a file here that copies another, a line here, its name in config/log-analysis.ts. The most particular first. */
export const parserDefinitions: readonly ParserDefinition[] = [
  jsonParser,
  pinoParser,
  journaldParser,
  combinedParser,
  nginxParser,
  apacheParser,
  redisParser,
  postgresParser,
  uvicornParser,
  syslogParser,
  authParser,
  logfmtParser,
  pythonParser,
  patternParser,
  plainParser,
]
