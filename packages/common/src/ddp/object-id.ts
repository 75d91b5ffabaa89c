import { addType } from './ejson-types.ts'

/** Twelve bytes in lower-case hexadecimal. */
const HEX = /^[0-9a-f]{24}$/

/** MongoDB's ObjectID as it travels over DDP. The drivers' own classes are sent in the same form. */
export class ObjectID {
  readonly #hex: string

  /**
   * @param hex 24 hexadecimal digits
   * @throws TypeError for anything else
   */
  constructor(hex: string) {
    const lower = hex.toLowerCase()
    if (!HEX.test(lower)) throw new TypeError('An ObjectID has 24 hexadecimal digits')
    this.#hex = lower
  }

  toHexString(): string {
    return this.#hex
  }

  toString(): string {
    return `ObjectID("${this.#hex}")`
  }

  typeName(): string {
    return 'oid'
  }

  toJSONValue(): string {
    return this.#hex
  }

  clone(): ObjectID {
    return new ObjectID(this.#hex)
  }

  equals(other: unknown): boolean {
    return typeof other === 'object' && other !== null && hexOf(other) === this.#hex
  }
}

/** The digits of an ObjectID, ours or a driver's; undefined for everything else. */
export function hexOf(value: object): string | undefined {
  if (value instanceof ObjectID) return value.toHexString()
  const { _bsontype: kind, toHexString } = value as { _bsontype?: unknown; toHexString?: unknown }
  if ((kind !== 'ObjectId' && kind !== 'ObjectID') || typeof toHexString !== 'function') return undefined
  return String(toHexString.call(value))
}

addType('oid', value => {
  if (typeof value !== 'string') throw new TypeError('An ObjectID has 24 hexadecimal digits')
  return new ObjectID(value)
})
