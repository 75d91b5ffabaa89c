/** One POST to accounts-js's routes, without a client in between. */
export async function post(url: string, route: string, body: unknown, token?: string): Promise<{ status: number; body: any }> {
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const response = await fetch(`${url}/accounts/${route}`, { method: 'POST', headers, body: JSON.stringify(body) })
  // any: tests look into answers of every shape.
  return { status: response.status, body: (await response.json()) as any }
}

/** Runs `work` for 0 … count-1, at most `lanes` at once. */
export async function inLanes(count: number, lanes: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await work(n)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
