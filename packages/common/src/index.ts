export * from './errors.ts'
export * from './wire.ts'
export * from './hooks.ts'
export * from './near-miss.ts'
