/** Types of an app's own that EJSON carries: registered by name, asked by `typeName()`. */

/** What an instance of a registered type offers. */
export interface CustomType {
  /** The name it was registered under. */
  typeName(): string
  /** Itself, as EJSON. */
  toJSONValue(): unknown
  /** A copy that shares nothing; without it, the way over the wire and back makes one. */
  clone?(): unknown
  /** True when the other is the same value; without it, both are compared as they travel. */
  equals?(other: unknown): boolean
}

/** Makes an instance of what `toJSONValue` gave. It receives what a client sent: refuse what is not right by throwing. */
export type TypeFactory = (value: unknown) => unknown

const factories = new Map<string, TypeFactory>()

/**
 * Registers a type under a name, once.
 * @throws TypeError when the name is taken
 */
export function addType(name: string, factory: TypeFactory): void {
  if (factories.has(name)) throw new TypeError(`EJSON has a type "${name}" already`)
  factories.set(name, factory)
}

/** The factory of that name, if any. */
export const factoryOf = (name: string): TypeFactory | undefined => factories.get(name)

/** True for an instance of some registered type. */
export function isCustom(value: object): value is CustomType {
  const { typeName, toJSONValue } = value as Partial<CustomType>
  return typeof typeName === 'function' && typeof toJSONValue === 'function' && factories.has(typeName.call(value))
}
