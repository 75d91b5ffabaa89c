/** Marks what is an `AccountsCommon` for `instanceof`, also where it descends from something else, as clients do; every copy of this package knows it. */
export const COMMON: unique symbol = Symbol.for('latchkey.AccountsCommon')
