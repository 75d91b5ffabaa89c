/** Key pairs as an operator has them: PEM texts. */
import type { KeyObject } from 'node:crypto'

/** Both halves of a pair that was just made. `sec1`: as `openssl ecparam` writes the private one. */
export const pemOf = (
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  type: 'pkcs8' | 'sec1' = 'pkcs8',
): { publicKey: string; privateKey: string } => ({
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  privateKey: privateKey.export({ type, format: 'pem' }).toString(),
})
