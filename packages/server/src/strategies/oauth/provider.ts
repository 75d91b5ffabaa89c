/** Somebody as a provider describes them. Whatever stands beside these is kept too: what looks like a secret sealed, the rest in clear. */
export interface OAuthUser {
  /** The provider's own, unchanging name for them; never an address. */
  id: string
  email?: string | null | undefined
  /** `true` when the provider vouches for the address. Also read as `emailVerified` and `verified_email`; anything but `true` counts as no. */
  email_verified?: unknown
  [field: string]: unknown
}

/** One provider: accounts-js's interface, and what Latchkey adds. */
export interface OAuthProvider {
  /**
   * Asks the provider who it is. `params` are what the client sent, `provider` included, all of them untrusted. Throw, or answer nothing, to refuse; the text of
   * a plain `Error` reaches the client.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- accounts-js's type: each provider names its own parameters
  authenticate(params: any): Promise<OAuthUser | null | undefined>
  /** What a new user begins with: `username`, `email`, and your own fields. @default `{ email }` */
  getRegistrationPayload?(oauthUser: OAuthUser): Promise<Record<string, unknown>> | Record<string, unknown>
  /** This provider answers with addresses it has verified, although it does not say so. @default false */
  trustsEmails?: boolean
  /**
   * Where to send a browser that wants to sign in. With it there is a route `GET /oauth/<provider>/start`, which remembers in a cookie that this browser began, and the
   * callback refuses a browser that did not: hand `state` on to the provider.
   */
  authorizationUrl?(state: string): Promise<string> | string
}

/** Providers by the name they have on the wire. */
export type OAuthProviders = Record<string, OAuthProvider>
