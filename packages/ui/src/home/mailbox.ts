/** The development mailbox, where a server that sends no mail keeps it. */
export const MAILBOX = '/dev/mailbox'

let found: Promise<boolean> | undefined

/** True when this server shows caught mail. Only asked on the own machine, where alone it could be. */
export function hasMailbox(): Promise<boolean> {
  const isOwnMachine = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)
  found ??= isOwnMachine
    ? fetch(`${MAILBOX}.json`, { method: 'HEAD' }).then(
        ({ ok }) => ok,
        () => false,
      )
    : Promise.resolve(false)
  return found
}
