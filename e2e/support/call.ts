/** The parts of answers that tests look into; which of them are there depends on the route. */
export type Answer = null | {
  message?: string
  code?: string
  userId?: string
  sessionId?: string
  tokens?: { accessToken: string; refreshToken: string }
  user?: { id: string }
  emails?: { address: string; verified: boolean }[]
}

/** One POST to accounts-js's routes, without a client in between. */
export async function post(url: string, route: string, body: unknown, token?: string): Promise<{ status: number; body: Answer }> {
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const response = await fetch(`${url}/accounts/${route}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Answer }
}

/** Runs `work` for 0 … count-1, at most `lanes` at once. */
export async function inLanes(count: number, lanes: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
