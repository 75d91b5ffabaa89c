/** Reads the configuration: flags win over the environment, the environment over the file, the file over defaults. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { nearMiss } from '@latchkey/common'
import * as v from 'valibot'
import { loadConfigFile } from './file.ts'
import { refusal } from './problem.ts'
import type { Problem } from './problem.ts'
import { CONFIG_VARIABLE, KEYS, REFUSED, TABLE, TEST_PREFIX } from './table.ts'
import type { Config } from './table.ts'

/** Where settings can come from. What is left out is empty; nothing is read from the process behind the caller's back. */
export interface Sources {
  /** By key, as the command line or a calling program gave them. */
  flags?: Readonly<Record<string, unknown>>
  env?: Readonly<Record<string, string | undefined>>
  /** Folder in which `latchkey.config.*` is looked for, and which relative paths start from. Null: look for no file. */
  folder?: string | null
  /** Path of the config file, when it was named. */
  file?: string
}

/** Who said it. */
export type SettingSource = 'flag' | 'environment' | 'file' | 'default'

/** The configuration, and where each part of it comes from. */
export interface ReadConfig {
  config: Config
  sources: Record<keyof Config, SettingSource>
  /** The config file that was read. */
  file: string | null
}

interface Given {
  value: unknown
  source: SettingSource
  /** How the operator knows it: `PORT`, `--port`, `"port" in latchkey.config.json`. */
  name: string
}
type GivenSettings = Partial<Record<keyof Config, Given>>

/**
 * @throws AccountsError `InvalidSettings`, naming every unknown, misspelt, unreadable and wrong setting at once
 */
export async function readConfig({ flags = {}, env = {}, folder = null, file }: Sources): Promise<ReadConfig> {
  const problems: Problem[] = []
  const named = file ?? (env[CONFIG_VARIABLE] || undefined)
  const loaded = await loadConfigFile(folder, named, problems)
  const given: GivenSettings = {
    ...(loaded === null ? {} : fromFile(loaded.path, loaded.settings, problems)),
    ...(await fromEnvironment(env, problems)),
    ...fromFlags(flags, problems),
  }
  const config = parse(given, problems)
  if (problems.length > 0) throw refusal('The configuration is not valid:', problems)
  const sources = Object.fromEntries(KEYS.map(key => [key, given[key]?.source ?? 'default']))
  const base = given.data?.source === 'file' && loaded !== null ? path.dirname(loaded.path) : (folder ?? '.')
  // Every key of the table was parsed or reported.
  return {
    config: { ...(config as Config), data: path.resolve(base, config.data ?? TABLE.data.fallback) },
    sources: sources as ReadConfig['sources'],
    file: loaded?.path ?? null,
  }
}

function parse(given: GivenSettings, problems: Problem[]): Partial<Config> {
  const read: Record<string, unknown> = {}
  for (const key of KEYS) {
    const row = TABLE[key]
    const one = given[key]
    const result = one === undefined ? undefined : v.safeParse(row.kind, one.value)
    if (result?.success === false) {
      const received = row.secret || typeof one?.value === 'object' ? '' : `. Received ${JSON.stringify(one?.value)}`
      problems.push({ what: `${one?.name} ${result.issues[0].message}${received}`, fix: `give ${row.takes.replaceAll('`', '')}` })
    }
    read[key] = result?.success ? result.output : row.fallback
  }
  return read
}

function fromFlags(flags: Readonly<Record<string, unknown>>, problems: Problem[]): GivenSettings {
  const given: GivenSettings = {}
  for (const [key, value] of Object.entries(flags)) {
    if (!isKey(key)) problems.push(unknown(`setting "${key}"`, key, KEYS))
    else if (isGiven(key, value)) given[key] = { value, source: 'flag', name: flagName(TABLE[key].flag) ?? `"${key}"` }
  }
  return given
}

async function fromEnvironment(env: Readonly<Record<string, string | undefined>>, problems: Problem[]): Promise<GivenSettings> {
  const given: GivenSettings = {}
  for (const key of KEYS) {
    const name = TABLE[key].env
    // An empty variable is how compose files say "not set".
    const inline = env[name] || undefined
    const fileName = TABLE[key].secret ? env[`${name}_FILE`] || undefined : undefined
    if (inline !== undefined && fileName !== undefined) {
      problems.push({ what: `${name} and ${name}_FILE are both set`, fix: 'remove one of them' })
    }
    const value = inline ?? (fileName === undefined ? undefined : await readSecretFile(`${name}_FILE`, fileName, problems))
    if (value === undefined) continue
    if (key === 'production') {
      if (value === 'production') given.production = { value: true, source: 'environment', name }
    } else {
      given[key] = { value, source: 'environment', name: fileName === undefined ? name : `the content of ${name}_FILE` }
    }
  }
  refuseVariables(env, problems)
  return given
}

function refuseVariables(env: Readonly<Record<string, string | undefined>>, problems: Problem[]): void {
  const known = [
    CONFIG_VARIABLE,
    ...KEYS.flatMap(key => (TABLE[key].secret ? [TABLE[key].env, `${TABLE[key].env}_FILE`] : [TABLE[key].env])),
  ]
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue
    if (Object.hasOwn(REFUSED, name)) problems.push({ what: `${name} is set`, fix: REFUSED[name] ?? '' })
    if (name.startsWith('LATCHKEY_') && !name.startsWith(TEST_PREFIX) && !known.includes(name)) {
      problems.push(unknown(`environment variable ${name}`, name, known))
    }
  }
}

function fromFile(file: string, settings: Record<string, unknown>, problems: Problem[]): GivenSettings {
  const given: GivenSettings = {}
  const base = path.basename(file)
  for (const [key, value] of Object.entries(settings)) {
    if (!isKey(key)) problems.push(unknown(`setting "${key}" in ${base}`, key, KEYS))
    else if (isGiven(key, value)) given[key] = { value, source: 'file', name: `"${key}" in ${base}` }
  }
  return given
}

async function readSecretFile(name: string, file: string, problems: Problem[]): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    problems.push({ what: `${name} names ${file}, which cannot be read (${codeOf(error)})`, fix: 'correct the path or its permissions' })
    return undefined
  }
}

function unknown(what: string, name: string, known: readonly string[]): Problem {
  const near = nearMiss(name, known)
  return { what: `Unknown ${what}`, fix: near === undefined ? `remove it; known are ${known.join(', ')}` : `did you mean ${near}?` }
}

/** `undefined`, and `null` where that is the default, say nothing. */
const isGiven = (key: keyof Config, value: unknown): boolean => value !== undefined && !(value === null && TABLE[key].fallback === null)

const isKey = (key: string): key is keyof Config => Object.hasOwn(TABLE, key)

const flagName = (flag: string | undefined): string | undefined => flag?.split(' ')[0]

/** `ENOENT` and the like, or the kind of error. */
export const codeOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.message) : typeof error
