// The table, chapter by chapter. A row: see row.d.ts.
import { mounts } from './rows/mounts.mjs'

/** @type {readonly import('./row.d.ts').Chapter[]} */
export const chapters = [mounts]
