/**
 * True for the name of a field that may hold something to prove oneself with. Rather one too many: what is withheld from hooks and sealed in the store is
 * missed by nobody, and what is not has leaked.
 */
export const looksSecret = (name: string): boolean => SECRET.test(name)

// A digest of Meteor's clients is as good as the password.
const SECRET = /pass|digest|secret|token|code|verifier|assertion|credential|pending|resume|signature|jwt|api_?key|private/i

/** What was sent, without anything that proves something, however deep it lies: for hooks. Nothing that is no object holds a name. */
export const paramsWithoutSecrets = (params: unknown): Record<string, unknown> =>
  typeof params === 'object' && params !== null ? harmless(params, []) : {}

const harmless = (object: object, above: readonly object[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !looksSecret(key))
      .map(([key, value]: [string, unknown]) => [key, harmlessValue(value, [...above, object])]),
  )

/** So deep no hook looks; what is nested for its own sake costs the work of no more. */
const DEEPEST = 32

/** An object of a class is the app's own, as nothing that came over a wire is; so is one that holds itself. */
function harmlessValue(value: unknown, above: readonly object[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (above.length >= DEEPEST || above.includes(value)) return undefined
  if (Array.isArray(value)) return value.map(each => harmlessValue(each, [...above, value]))
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? harmless(value, above) : value
}
