/**
 * A mark that says "this device has signed in as this user before". Stateless: nothing is stored, users cannot be read from it, and nobody without our key can
 * make one. A browser keeps it in a cookie. After a change of `tokenSecret` every device is unknown again.
 *
 * Form: `1.<device id>.<stamp>` and a further `.<stamp>` for each of the last users, where a stamp is `<seconds in base 36>-<HMAC>`; about 340 characters at most.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Keys } from '../keys.ts'
import type { Chance, Clock } from '../ports.ts'

/** What a mark says about one user. */
export interface KnownDevice {
  /** This device signed in as that user within the last year. */
  known: boolean
  /** The device's id, whoever signed in on it; null unless we gave it out ourselves within the last year. */
  deviceId: string | null
}

const MOST_USERS = 5
const LIFETIME_SECONDS = 365 * 86_400
const LONGEST = 512

/**
 * The mark after a login: what the device had, with this user in front, good for a year from now. Without a genuine earlier mark the device gets a new id.
 */
export function knownDeviceMark(keys: Keys, clock: Clock, chance: Chance, previousMark: string | undefined, userId: string): string {
  const now = Math.floor(clock.now() / 1000)
  const previous = genuineMark(keys, previousMark, now)
  const deviceId = previous?.deviceId ?? Buffer.from(chance.bytes(16)).toString('base64url')
  // The others cannot be judged here, for we do not know whose they are. A forged one stays what it was: good for nobody.
  const others = (previous?.users ?? []).filter(stamp => isFresh(stamp, now) && !isGenuine(keys, stamp, deviceId, userId))
  const users = [newStamp(keys, now, deviceId, userId), ...others].slice(0, MOST_USERS)
  return ['1', deviceId, ...[newStamp(keys, now, deviceId), ...users].map(({ seconds, mac }) => `${seconds.toString(36)}-${mac}`)].join('.')
}

/** Whether this device has signed in as that user within the last year. Bad input is never an error: the device is then unknown. */
export function readKnownDevice(keys: Keys, clock: Clock, mark: string | undefined, userId: string): KnownDevice {
  const now = Math.floor(clock.now() / 1000)
  const genuine = genuineMark(keys, mark, now)
  if (!genuine) return { known: false, deviceId: null }
  const { deviceId, users } = genuine
  return { known: users.some(stamp => isFresh(stamp, now) && isGenuine(keys, stamp, deviceId, userId)), deviceId }
}

interface Stamp {
  seconds: number
  mac: string
}

/** Ids that a client made up would let it pass for as many devices as it likes, each with tries of its own. So the id itself is stamped, too. */
function genuineMark(keys: Keys, mark: unknown, now: number): { deviceId: string; users: Stamp[] } | null {
  if (typeof mark !== 'string' || mark.length > LONGEST) return null
  const match = /^1\.([\w-]{22})\.([0-9a-z]{1,8}-[\w-]{43}(?:\.[0-9a-z]{1,8}-[\w-]{43}){0,5})$/.exec(mark)
  const [, deviceId = '', stamps = ''] = match ?? []
  const [own, ...users] = stamps.split('.').map(readStamp)
  return match && own && isFresh(own, now) && isGenuine(keys, own, deviceId) ? { deviceId, users } : null
}

function readStamp(text: string): Stamp {
  const dash = text.indexOf('-')
  return { seconds: parseInt(text.slice(0, dash), 36), mac: text.slice(dash + 1) }
}

const isFresh = ({ seconds }: Stamp, now: number): boolean => now - seconds < LIFETIME_SECONDS

const isGenuine = (keys: Keys, { seconds, mac }: Stamp, deviceId: string, userId?: string): boolean =>
  timingSafeEqual(Buffer.from(mac), Buffer.from(newStamp(keys, seconds, deviceId, userId).mac))

// JSON keeps the parts apart whatever they contain, and a stamp of the device from one of a user.
const newStamp = (keys: Keys, seconds: number, deviceId: string, userId?: string): Stamp => ({
  seconds,
  mac: keys.mac('known-device', JSON.stringify(userId === undefined ? [deviceId, seconds] : [deviceId, seconds, userId])),
})
