/** An object that is made when something of it is first used. Methods belong to the object that is made, however they are called. */
export function lazily<Made extends object>(make: () => Made): Made {
  let made: Made | undefined
  const known = (): Made => (made ??= make())
  const methods = new Map<PropertyKey, { of: unknown; bound: unknown }>()
  // An empty object stands for one that is not there yet; every trap answers for that one.
  return new Proxy(Object.create(null) as Made, {
    get(_nothing, name) {
      const object = known()
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value !== 'function' || !isMethod(object, name)) return value
      const before = methods.get(name)
      if (before?.of === value) return before.bound
      const bound: unknown = value.bind(object)
      methods.set(name, { of: value, bound })
      return bound
    },
    set: (_nothing, name, value) => Reflect.set(known(), name, value),
    has: (_nothing, name) => Reflect.has(known(), name),
    deleteProperty: (_nothing, name) => Reflect.deleteProperty(known(), name),
    ownKeys: () => Reflect.ownKeys(known()),
    getPrototypeOf: () => Reflect.getPrototypeOf(known()),
    getOwnPropertyDescriptor(_nothing, name) {
      const descriptor = Reflect.getOwnPropertyDescriptor(known(), name)
      // What the empty object does not have must be said to be changeable.
      return descriptor && { ...descriptor, configurable: true }
    },
  })
}

/** A function of the object's class, rather than one that it holds or computes. */
function isMethod(object: object, name: PropertyKey): boolean {
  let at: unknown = Object.getPrototypeOf(object)
  while (typeof at === 'object' && at !== null) {
    const descriptor = Reflect.getOwnPropertyDescriptor(at, name)
    if (descriptor) return 'value' in descriptor && !Object.hasOwn(object, name)
    at = Object.getPrototypeOf(at)
  }
  return false
}
