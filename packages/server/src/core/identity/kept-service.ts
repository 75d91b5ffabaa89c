/** How the app is known at one provider, as it is kept. */
export interface KeptService {
  /** The service, for example `github`. */
  name: string
  /** What anybody may know: the client's id, how its window opens. */
  data: Record<string, unknown>
  /** Its secrets, as JSON, sealed with the key ring; absent when it has none. */
  secret?: string
}
