/** What Meteor's apps keep in `Meteor.settings`, as far as it concerns accounts. */
import { readFileSync } from 'node:fs'
import { AccountsError } from '@latchkey/common'
import type { EmailSettings } from '../email/options.ts'
import type { MeteorServerOptions } from '../meteor-options.ts'

/** An app's settings: those of packages, those that clients may see, and the app's own. */
export interface MeteorSettings {
  packages?: {
    /** Options of accounts, and `passwordMaxLength`. */
    accounts?: Readonly<Record<string, unknown>>
    /** The same; these go before those of `accounts`. `oauthSecretKey` is taken in when accounts are made, and deleted here. */
    'accounts-base'?: Readonly<Record<string, unknown>>
    /** By service, how its provider knows the app. */
    'service-configuration'?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    email?: EmailSettings
    readonly [name: string]: unknown
  }
  public?: Readonly<Record<string, unknown>>
  readonly [name: string]: unknown
}

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The settings of the process: `METEOR_SETTINGS` is JSON, `METEOR_SETTINGS_FILE` names a file of it. None when neither is there.
 * @throws AccountsError `InvalidSettings` for what is no JSON object, and a file that cannot be read
 */
export function settingsOf(env: Environment): MeteorSettings {
  const { METEOR_SETTINGS: text, METEOR_SETTINGS_FILE: file } = env
  if (text !== undefined && text !== '') return parsed('METEOR_SETTINGS', text)
  if (file !== undefined && file !== '') return parsed(`METEOR_SETTINGS_FILE (${file})`, contentOf('METEOR_SETTINGS_FILE', file))
  return {}
}

/** The options of accounts among the settings, as Meteor merges them. */
export function optionsOfSettings({ packages = {} }: MeteorSettings): Partial<MeteorServerOptions> {
  const { passwordMaxLength, ...options } = { ...packages.accounts, ...packages['accounts-base'] }
  // JSON that somebody wrote: what does not fit is refused where options are read.
  const given: Partial<MeteorServerOptions> = options
  return passwordMaxLength === undefined ? given : { ...given, password: { ...given.password, maxLength: passwordMaxLength as number } }
}

/**
 * What is in the file that a variable of the environment names.
 * @throws AccountsError `InvalidSettings` when it cannot be read
 */
export function contentOf(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new AccountsError('InvalidSettings', { message: `${variable} names a file that cannot be read: ${file}`, cause: error })
  }
}

function parsed(from: string, text: string): MeteorSettings {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // What is wrong with it may be a secret.
    throw new AccountsError('InvalidSettings', { message: `${from} is not valid JSON` })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new AccountsError('InvalidSettings', { message: `${from} must be a JSON object` })
  // What is in it is looked at where it is used.
  return json as MeteorSettings
}
