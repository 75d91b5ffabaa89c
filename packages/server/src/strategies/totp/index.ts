export type { TwoFactorMessages, TwoFactorOptions } from './options.ts'
export { getUserTwoFactorService, TwoFactor } from './two-factor.ts'
