// Nothing of the input ever gets into the label: it is shown in pages, mails and logs.

/** Longer user agents are cut: real ones are shorter, and the work stays the same for 45 KB. */
const LONGEST = 512

/**
 * A short name for a device, from a closed set: `Firefox on Linux`, `Safari on iPhone`, `curl`, `Node.js`, `Unknown device`.
 * Linear in the input, of which the first 512 characters are read.
 */
export function deviceLabel(userAgent: string): string {
  const agent = userAgent.slice(0, LONGEST)
  const browser = firstMatch(BROWSERS, agent)
  const system = firstMatch(SYSTEMS, agent)
  if (browser && system) return `${browser} on ${system}`
  if (browser) return browser
  const program = firstMatch(PROGRAMS, agent)
  if (program) return program
  return system ? `App on ${system}` : 'Unknown device'
}

type Sign = readonly [name: string, ...marks: string[]]

// Most browsers also claim to be the ones they descend from, so the more particular mark comes first.
const BROWSERS: readonly Sign[] = [
  ['Edge', 'Edg/', 'EdgA/', 'EdgiOS/', 'Edge/'],
  ['Opera', 'OPR/', 'OPT/', 'OPX/', 'Opera'],
  ['Samsung Internet', 'SamsungBrowser/'],
  ['Vivaldi', 'Vivaldi/'],
  ['Yandex Browser', 'YaBrowser/'],
  ['DuckDuckGo', 'DuckDuckGo/', 'Ddg/'],
  ['Electron app', 'Electron/'],
  ['Headless Chrome', 'HeadlessChrome/'],
  ['Firefox', 'Firefox/', 'FxiOS/', 'Focus/'],
  ['Chrome', 'Chrome/', 'CriOS/', 'Chromium/'],
  ['Internet Explorer', 'MSIE ', 'Trident/'],
  ['Safari', 'Safari/'],
]

const SYSTEMS: readonly Sign[] = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['ChromeOS', 'CrOS'],
  ['Mac', 'Macintosh', 'Mac OS X'],
  ['Linux', 'Linux', 'X11'],
]

const PROGRAMS: readonly Sign[] = [
  ['curl', 'curl/'],
  ['Wget', 'Wget/'],
  ['HTTPie', 'HTTPie/'],
  ['Postman', 'PostmanRuntime/'],
  ['Insomnia', 'insomnia/'],
  ['Deno', 'Deno/'],
  ['Bun', 'Bun/'],
  ['Node.js', 'node', 'Node.js', 'undici', 'axios/', 'got ('],
  ['Python', 'python-requests/', 'Python/', 'Python-urllib/', 'python-httpx/', 'aiohttp/'],
  ['Go', 'Go-http-client/'],
  ['Ruby', 'Ruby'],
  ['Dart', 'Dart/'],
  ['Java', 'Java/', 'Java-http-client/', 'Apache-HttpClient/'],
  ['Android app', 'okhttp/', 'Dalvik/'],
  ['Apple app', 'CFNetwork/'],
]

const firstMatch = (signs: readonly Sign[], agent: string): string | undefined =>
  signs.find(([, ...marks]) => marks.some(mark => agent.includes(mark)))?.[0]
