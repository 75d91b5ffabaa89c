/** How many sockets there may be: in all, from one address, and of those that opened and went silent. */
import { countedAddress } from '../../wire/counted-address.ts'
import type { AttachSettings } from './ddp-options.ts'

/** A socket's place, given back when it closes. */
export interface Place {
  /** The first frame went out to it: it speaks DDP. */
  spoke(): void
  leave(): void
}

type RoomSettings = Pick<AttachSettings, 'maxSockets' | 'maxSocketsPerAddress' | 'maxSilentSockets'>

/** Places for sockets. */
export class Room {
  readonly #settings: RoomSettings
  readonly #byAddress = new Map<string, number>()
  /** In the order in which they came; the value closes the socket. */
  readonly #silent = new Map<Place, () => void>()
  #taken = 0

  constructor(settings: RoomSettings) {
    this.#settings = settings
  }

  /** A place, or null when there is none left. `close` is called should this socket have to make way for others before it said anything. */
  enter(address: string | null, close: () => void): Place | null {
    const { maxSockets, maxSocketsPerAddress, maxSilentSockets } = this.#settings
    const key = countedAddress(address)
    const here = key === null ? 0 : (this.#byAddress.get(key) ?? 0)
    if (this.#taken >= maxSockets || here >= maxSocketsPerAddress) return null
    this.#taken += 1
    if (key !== null) this.#byAddress.set(key, here + 1)
    let isIn = true
    const place: Place = {
      spoke: () => void this.#silent.delete(place),
      leave: () => {
        if (!isIn) return
        isIn = false
        this.#silent.delete(place)
        this.#taken -= 1
        if (key !== null) this.#release(key)
      },
    }
    this.#silent.set(place, close)
    // Whoever opens sockets and says nothing pushes out their like, not those that came to talk.
    if (this.#silent.size > maxSilentSockets) this.#dropOldest()
    return place
  }

  #dropOldest(): void {
    for (const [place, close] of this.#silent) {
      this.#silent.delete(place)
      return close()
    }
  }

  #release(key: string): void {
    const left = (this.#byAddress.get(key) ?? 1) - 1
    if (left === 0) this.#byAddress.delete(key)
    else this.#byAddress.set(key, left)
  }
}
