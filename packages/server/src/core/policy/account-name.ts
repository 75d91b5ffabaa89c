import type { Identifier } from '../identity/user.ts'

/** An account as the caller named it, whether or not anybody has that name. Kept nowhere but as a keyed hash. */
export const accountName = ({ kind, key }: Identifier): string => `${kind}:${key}`
