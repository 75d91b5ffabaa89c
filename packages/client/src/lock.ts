import type { KnownStorage } from './token-storage.ts'

/** Runs one piece of work after the other, never two at once, wherever the lock reaches. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>

/**
 * The widest lock there is for a storage: the browser's Web Locks (all tabs, freed by the browser when a tab dies), else a mark in the
 * storage itself, else, when nobody shares the storage, the order of calls.
 */
export function lockFor(storage: KnownStorage, name: string): Lock {
  if (!storage.shared) return callLock()
  return hasWebLocks() ? async work => await navigator.locks.request(name, work) : storageLock(storage, name)
}

/** Tokens that were replaced a moment ago, in whichever tab. */
export interface Replaced {
  add(token: string): Promise<void>
  has(token: string): Promise<boolean>
}

/** How long a replaced token is remembered, in milliseconds: far longer than a browser takes to carry a write to its other tabs. */
const REMEMBERED = 5000

/**
 * A Web Lock can reach the next tab before its storage shows what the last holder wrote. Locks alone are known everywhere at once, so the
 * replaced token is remembered as the name of one: seen by this origin only, which has it in its storage anyway. Undefined where the lock is
 * no Web Lock: a mark in the storage arrives after what was written before it.
 */
export function replacedFor(storage: KnownStorage, name: string): Replaced | undefined {
  if (!storage.shared || !hasWebLocks()) return undefined
  const nameOf = (token: string): string => `${name} ${token}`
  return {
    add: token =>
      new Promise(resolve => {
        const hold = (): Promise<void> => {
          resolve()
          return pause(REMEMBERED)
        }
        // Forgotten: another tab may refresh once more. What is about to be written must not be lost over that.
        navigator.locks.request(nameOf(token), { mode: 'shared' }, hold).catch(() => resolve())
      }),
    has: async token => ((await navigator.locks.query()).held ?? []).some(held => held.name === nameOf(token)),
  }
}

/** Node has Web Locks too, but there one process serves many people, who need not wait for each other. */
const hasWebLocks = (): boolean => typeof window === 'object' && typeof navigator === 'object' && 'locks' in navigator

/** Takes turns among the calls of one client. */
function callLock(): Lock {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
}

/** A holder that died is waited for so long: a little longer than a refresh can take. */
const HOLD = 20_000
/** Two who found the lock free at the same moment both write; after so long whoever wrote last sees its own mark, and the other one does not. */
const SETTLE = 25

/**
 * Takes turns through a mark in a shared storage. Storages have no compare-and-set, so a write that takes longer than {@link SETTLE} to become
 * visible can let two in. The server then still answers both with the same successor.
 */
export function storageLock(storage: KnownStorage, key: string): Lock {
  return async work => {
    const mark = Math.random().toString(36).slice(2)
    while (!(await take(storage, key, mark))) await pause(SETTLE * (1 + Math.random()))
    try {
      return await work()
    } finally {
      if (isMarkOf(mark, await storage.getItem(key))) await storage.removeItem(key)
    }
  }
}

async function take(storage: KnownStorage, key: string, mark: string): Promise<boolean> {
  if (isHeld(await storage.getItem(key))) return false
  await storage.setItem(key, `${mark} ${Date.now() + HOLD}`)
  await pause(SETTLE)
  return isMarkOf(mark, await storage.getItem(key))
}

const isMarkOf = (mark: string, value: string | null): boolean => value?.split(' ')[0] === mark

function isHeld(value: string | null): boolean {
  const left = Number(value?.split(' ')[1]) - Date.now()
  // More than HOLD away: written before the clock was set back.
  return left > 0 && left <= HOLD
}

/** Resolves after so many milliseconds. */
export const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))
