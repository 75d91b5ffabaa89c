/**
 * A mark that says "this device has signed in as this user before". Stateless: nothing is stored, users cannot be told from it, and nobody without our key can
 * make one. A browser keeps it in a cookie.
 *
 * Form: `1.<device id>` and then, for each of the last users, `.<time in base 36 seconds>-<HMAC>`; at most about 290 characters.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Keys } from '../keys.ts'
import type { Chance, Clock } from '../ports.ts'

/** What a mark says about one user. `deviceId` is given only where it is proven: for a user this device is known to. */
export type KnownDevice = { known: true; deviceId: string } | { known: false; deviceId: null }

const MOST_USERS = 5
const LIFETIME_SECONDS = 365 * 86_400
const LONGEST = 512

/**
 * The mark after a login: what the device had, with this user in front, valid for a year from now. Without a readable earlier mark the device gets a new id.
 */
export function knownDeviceMark(keys: Keys, clock: Clock, chance: Chance, previousMark: string | undefined, userId: string): string {
  const previous = parseMark(previousMark)
  const deviceId = previous?.deviceId ?? Buffer.from(chance.bytes(16)).toString('base64url')
  const now = Math.floor(clock.now() / 1000)
  // The other entries cannot be checked here, for we do not know whose they are. A forged one stays what it was: good for nobody.
  const others = (previous?.entries ?? []).filter(entry => isFresh(entry, now) && !isGenuine(keys, deviceId, entry, userId))
  const entries = [{ seconds: now, mac: macOf(keys, deviceId, now, userId) }, ...others].slice(0, MOST_USERS)
  return ['1', deviceId, ...entries.map(({ seconds, mac }) => `${seconds.toString(36)}-${mac}`)].join('.')
}

/** Whether this device has signed in as that user within the last year. Bad input is never an error: the device is then unknown. */
export function readKnownDevice(keys: Keys, clock: Clock, mark: string | undefined, userId: string): KnownDevice {
  const parsed = parseMark(mark)
  const now = Math.floor(clock.now() / 1000)
  const known = parsed?.entries.some(entry => isFresh(entry, now) && isGenuine(keys, parsed.deviceId, entry, userId)) ?? false
  return parsed && known ? { known, deviceId: parsed.deviceId } : { known: false, deviceId: null }
}

interface Entry {
  seconds: number
  mac: string
}

function parseMark(mark: unknown): { deviceId: string; entries: Entry[] } | null {
  if (typeof mark !== 'string' || mark.length > LONGEST) return null
  const match = /^1\.([\w-]{22})((?:\.[0-9a-z]{1,8}-[\w-]{43}){1,5})$/.exec(mark)
  if (!match?.[1] || !match[2]) return null
  const entries = match[2]
    .slice(1)
    .split('.')
    .map(entry => {
      const dash = entry.indexOf('-')
      return { seconds: parseInt(entry.slice(0, dash), 36), mac: entry.slice(dash + 1) }
    })
  return { deviceId: match[1], entries }
}

const isFresh = ({ seconds }: Entry, now: number): boolean => now - seconds < LIFETIME_SECONDS

const isGenuine = (keys: Keys, deviceId: string, { seconds, mac }: Entry, userId: string): boolean =>
  timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(keys, deviceId, seconds, userId)))

const macOf = (keys: Keys, deviceId: string, seconds: number, userId: string): string =>
  keys.mac('known-device', JSON.stringify([deviceId, seconds, userId]))
