/** Deeds on the configurations of services. */
import { isDeepStrictEqual } from 'node:util'
import type { KeptService } from '../../../core/identity/kept-service.ts'
import { SERVICES_CHANGED } from '../../../core/store.ts'
import { all, one, statement, storable, tell } from '../statement.ts'
import type { Deed } from '../statement.ts'

export function* listServices(): Deed<KeptService[]> {
  return (yield* all(LIST, [])).map(toService)
}

export function* insertService(service: KeptService): Deed<boolean> {
  const inserted = yield* one(INSERT, valuesOf(service))
  if (!inserted) return false
  yield* tell([SERVICES_CHANGED])
  return true
}

export function* swapService(expected: KeptService, next: KeptService): Deed<boolean> {
  const row = yield* one(FIND, [expected.name])
  if (!row || !isDeepStrictEqual(toService(row), expected)) return false
  yield* one(UPDATE, valuesOf(next))
  yield* tell([SERVICES_CHANGED])
  return true
}

export function* removeService(name: string): Deed<boolean> {
  const removed = yield* one(REMOVE, [name])
  if (!removed) return false
  yield* tell([SERVICES_CHANGED])
  return true
}

interface ServiceRow {
  name: string
  data: string
  secret: string | null
}

const toService = ({ name, data, secret }: ServiceRow): KeptService => ({
  name,
  // Written from a record.
  data: JSON.parse(data) as Record<string, unknown>,
  ...(secret === null ? {} : { secret }),
})

const valuesOf = ({ name, data, secret }: KeptService): [string, string, string | null] => [
  storable(name),
  JSON.stringify(data),
  secret ?? null,
]

const COLUMNS = 'name, data, secret'

const LIST = statement<ServiceRow>('services_list', ({ t }) => `select ${COLUMNS} from ${t.services} where collection = $1 order by name`)

const FIND = statement<ServiceRow>(
  'services_find',
  ({ t, lock }) => `select ${COLUMNS} from ${t.services} where collection = $1 and name = $2${lock}`,
)

const INSERT = statement<{ name: string }>(
  'services_insert',
  ({ t, json }) =>
    `insert into ${t.services} (collection, ${COLUMNS}) values ($1, $2, ${json('$3')}, $4) on conflict do nothing returning name`,
)

const UPDATE = statement<{ name: string }>(
  'services_update',
  ({ t, json }) => `update ${t.services} set data = ${json('$3')}, secret = $4 where collection = $1 and name = $2 returning name`,
)

const REMOVE = statement<{ name: string }>(
  'services_remove',
  ({ t }) => `delete from ${t.services} where collection = $1 and name = $2 returning name`,
)
