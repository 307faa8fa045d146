import { expect, test } from 'vitest'
import { dumpPattern } from '../../../src/sources/postgres/dump-pattern.ts'
import { missingRoleStatements } from '../../../src/sources/postgres/missing-roles.ts'
import { restoreList } from '../../../src/sources/postgres/restore-list.ts'

const list = [
  '; Archive created at 2026-11-21',
  '215; 1259 16385 TABLE public items clerk',
  '216; 1259 16386 TABLE public orders clerk',
  '3321; 0 16385 TABLE DATA public items clerk',
  '3322; 0 16386 TABLE DATA public orders clerk',
  '3323; 0 16387 TABLE DATA Odd name Ta ble clerk',
  '3178; 2606 16392 CONSTRAINT public items items_pkey clerk',
  '3179; 2606 16393 FK CONSTRAINT public orders orders_item_fkey clerk',
]

test('of a dump all definitions are kept, but the rows of the wanted tables only, and no foreign keys', () => {
  const kept = restoreList(list.join('\n'), ['public.items'])?.split('\n')
  expect(kept).toEqual(list.filter((line) => !/DATA public orders|DATA Odd|FK CONSTRAINT/.test(line)))
  expect(restoreList(list.join('\n'), ['Odd name.Ta ble'])).toContain('DATA Odd name')
  expect(restoreList(list.join('\n'), ['public.*'])).toContain('DATA public orders')
  expect(restoreList(list.join('\n'), ['public.none'])).toBeUndefined()
})

test('patterns reach pg_dump with their upper case, and with stars outside the quotes', () => {
  expect(dumpPattern('public.tmp_*')).toBe('"public"."tmp_"*')
  expect(dumpPattern('*.Log*s')).toBe('*."Log"*"s"')
})

test('roles that are there keep their passwords', () => {
  const globals = [
    'CREATE ROLE clerk;',
    "ALTER ROLE clerk WITH PASSWORD 'old';",
    'CREATE ROLE "Odd ""one";',
    'ALTER ROLE "Odd ""one" WITH LOGIN;',
    'GRANT clerk TO "Odd ""one";',
    'SET x = 1;',
  ]
  expect(missingRoleStatements(globals.join('\n'), new Set(['clerk']))).toEqual(globals.slice(2, 5))
  expect(missingRoleStatements(globals.join('\n'), new Set(['clerk', 'Odd "one']))).toEqual([])
})
