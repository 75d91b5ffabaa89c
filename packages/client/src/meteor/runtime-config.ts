import type { AccountsConfig } from '@latchkey/common/meteor'

/** What a Meteor server writes into its pages. */
export interface RuntimeConfig {
  ROOT_URL_PATH_PREFIX?: string
  DDP_DEFAULT_CONNECTION_URL?: string
  ACCOUNTS_CONNECTION_URL?: string
  PUBLIC_SETTINGS?: { packages?: { accounts?: AccountsConfig }; [key: string]: unknown }
}

declare global {
  // Meteor's name
  var __meteor_runtime_config__: RuntimeConfig | undefined
}

/** Empty where no Meteor server made the page. */
export const runtimeConfig = (): RuntimeConfig => globalThis.__meteor_runtime_config__ ?? {}
