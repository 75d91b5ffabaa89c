/** How a hash is made and verified: algorithm and cost. The native code is loaded on first use. */
import type { PasswordForm, StoredPassword } from '../../core/identity/credential.ts'

/** argon2id (RFC 9106) or bcrypt with their costs, or the app's own functions. */
export type Recipe = OwnRecipe | { algorithm: 'custom' }

/** A recipe that we can follow ourselves. */
export type OwnRecipe = Argon2Recipe | { algorithm: 'bcrypt'; rounds: number }

export interface Argon2Recipe {
  algorithm: 'argon2id'
  /** KiB. */
  memoryCost: number
  timeCost: number
  parallelism: number
  /** Another of the three types, for databases that Meteor's apps share. @default argon2id, which RFC 9106 recommends */
  type?: Exclude<Argon2Type, 'argon2id'>
}

/** The types of argon2. */
export type Argon2Type = 'argon2id' | 'argon2i' | 'argon2d'

/** The least that OWASP recommends: 19 MiB, two passes, one lane. */
export const ARGON2_DEFAULT: Argon2Recipe = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Both parents' default. */
export const BCRYPT_DEFAULT_ROUNDS = 10

/**
 * The most that a hash from a database may ask of us; a hash beyond it matches nothing. Room for every setting in use, none for a row that was
 * planted to stop the server: `$2b$31$` would take a month, `m=4194304` four GiB.
 */
export const MOST = { rounds: 15, memoryCost: 262_144, timeCost: 64, parallelism: 16, passesOverMemory: 1_048_576 } as const

/** The least that the algorithms themselves allow. */
export const LEAST = { rounds: 4, memoryCost: 8, timeCost: 1 } as const

/** The recipe of a kept hash. Null when its text is not what its form says, or its cost is beyond {@link MOST}. */
export function recipeOf({ form, hash }: StoredPassword): Recipe | null {
  // The column can hold anything.
  return Object.hasOwn(READERS, form) ? READERS[form](hash) : null
}

/** True for forms made of the password's digest, which a digest alone can therefore prove. */
export const isOfDigest = (form: PasswordForm): boolean => form === 'argon2id-sha256' || form === 'bcrypt-sha256'

/** One text per recipe, for comparing and as a key. */
export function labelOf(recipe: Recipe): string {
  if (recipe.algorithm === 'custom') return 'custom'
  if (recipe.algorithm === 'bcrypt') return `bcrypt ${recipe.rounds}`
  return `${typeOf(recipe)} m=${recipe.memoryCost},t=${recipe.timeCost},p=${recipe.parallelism}`
}

/** True when the recipe stays within {@link LEAST} and {@link MOST}. */
export function isAffordable(recipe: OwnRecipe): boolean {
  if (recipe.algorithm === 'bcrypt') return recipe.rounds >= LEAST.rounds && recipe.rounds <= MOST.rounds
  const { memoryCost, timeCost, parallelism } = recipe
  return (
    memoryCost >= LEAST.memoryCost * parallelism &&
    memoryCost <= MOST.memoryCost &&
    timeCost >= LEAST.timeCost &&
    timeCost <= MOST.timeCost &&
    parallelism >= 1 &&
    parallelism <= MOST.parallelism &&
    memoryCost * timeCost <= MOST.passesOverMemory
  )
}

/** True when the cost is below what OWASP's Password Storage Cheat Sheet recommends. */
export const isModest = (recipe: OwnRecipe): boolean =>
  recipe.algorithm === 'bcrypt'
    ? recipe.rounds < BCRYPT_DEFAULT_ROUNDS
    : recipe.memoryCost * recipe.timeCost < ARGON2_DEFAULT.memoryCost * ARGON2_DEFAULT.timeCost

const code = { argon2id: () => import('@node-rs/argon2'), bcrypt: () => import('@node-rs/bcrypt') }

/** Loads the native code of a recipe, so that the first hash does not pay for it. */
export async function loadCode({ algorithm }: Recipe): Promise<void> {
  if (algorithm !== 'custom') await code[algorithm]()
}

/** Makes a hash. */
export async function makeHash(recipe: OwnRecipe, input: string): Promise<string> {
  if (recipe.algorithm === 'bcrypt') return (await code.bcrypt()).hash(input, { cost: recipe.rounds })
  const { memoryCost, timeCost, parallelism } = recipe
  // Version 0x13 is this library's default; its own names for the types are const enums, which vanish at run time, so the numbers stand here.
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
  return (await code.argon2id()).hash(input, { memoryCost, timeCost, parallelism, algorithm: TYPES[typeOf(recipe)] })
}

/** Verifies against a hash that {@link recipeOf} has read. */
export async function checkHash(recipe: OwnRecipe, input: string, hash: string): Promise<boolean> {
  if (recipe.algorithm === 'bcrypt') return (await code.bcrypt()).verify(input, hash)
  return (await code.argon2id()).verify(hash, input)
}

/** A hash of that recipe that nothing matches: the shape, with random bytes where the hash of a password would be. */
export function decoyHash(recipe: Recipe, random: Uint8Array): string {
  const salt = Buffer.from(random.subarray(0, 16))
  const output = Buffer.from(random.subarray(16, 48))
  if (recipe.algorithm === 'argon2id') {
    const { memoryCost, timeCost, parallelism } = recipe
    return `$${typeOf(recipe)}$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${unpadded(salt)}$${unpadded(output)}`
  }
  const rounds = recipe.algorithm === 'bcrypt' ? recipe.rounds : BCRYPT_DEFAULT_ROUNDS
  return `$2b$${String(rounds).padStart(2, '0')}$${toBcryptBase64(salt)}${toBcryptBase64(output.subarray(0, 23))}`
}

/** Bytes of chance that {@link decoyHash} needs. */
export const DECOY_BYTES = 48

// The PHC string format. Meteor's `argon2Type` also allows argon2i and argon2d.
const ARGON2 = /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

function readArgon2(hash: string): Argon2Recipe | null {
  const [type, ...costs] = ARGON2.exec(hash)?.slice(1) ?? []
  const [memoryCost, timeCost, parallelism] = costs.map(Number)
  if (memoryCost === undefined || timeCost === undefined || parallelism === undefined) return null
  const recipe: Argon2Recipe = { algorithm: 'argon2id', memoryCost, timeCost, parallelism, ...ofType(type) }
  return isAffordable(recipe) ? recipe : null
}

function readBcrypt(hash: string): Recipe | null {
  const rounds = BCRYPT.exec(hash)?.[1]
  const recipe = { algorithm: 'bcrypt', rounds: Number(rounds) } as const
  return rounds !== undefined && isAffordable(recipe) ? recipe : null
}

const READERS: Record<PasswordForm, (hash: string) => Recipe | null> = {
  'argon2id-sha256': readArgon2,
  argon2id: readArgon2,
  'bcrypt-sha256': readBcrypt,
  bcrypt: readBcrypt,
}

const TYPES: Readonly<Record<Argon2Type, number>> = { argon2d: 0, argon2i: 1, argon2id: 2 }

const typeOf = ({ type }: Argon2Recipe): Argon2Type => type ?? 'argon2id'

/** The type as a recipe has it. */
export const ofType = (type: string | undefined): Pick<Argon2Recipe, 'type'> => (type === 'argon2i' || type === 'argon2d' ? { type } : {})

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BCRYPT_BASE64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** bcrypt writes the same bits with an alphabet in another order. */
const toBcryptBase64 = (bytes: Buffer): string =>
  unpadded(bytes).replace(/./g, character => BCRYPT_BASE64.charAt(BASE64.indexOf(character)))
