/** The home page and its files, as the ui package built them. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { pageHeaders } from './headers.ts'
import { isRead, methodNotAllowed } from './page.ts'
import type { PageReply, PageRequest, Pages } from './page.ts'

/** A file ready to be sent. */
interface Asset {
  body: Buffer
  type: string
  tag: string
  /** The name holds a hash of the content, so it never changes. */
  isHashed: boolean
  /** Compressed forms, made when they are first asked for. */
  packed: Map<Encoding, Promise<Buffer>>
}

const ENCODINGS = ['br', 'gzip'] as const
type Encoding = (typeof ENCODINGS)[number]

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}
const COMPRESSED = /^(?:text\/|application\/|image\/svg)/

/** Where links in mails lead: the same page, which looks at its own address. */
const ROUTES = /^\/(?:(?:verify-email|reset-password|enroll-account|magiclink)\/[^/]+)?$/

/**
 * Serves the built page from memory; it is read with the first request.
 * @param folder finds the folder with `index.html` and `assets/`
 */
export function homePages(folder: () => Promise<URL>, production: boolean): Pages {
  let loading: Promise<Map<string, Asset>> | undefined
  return async request => {
    loading ??= folder().then(load)
    const assets = await loading
    // Looked up among the files that exist, never joined to a path: nothing outside the folder can be asked for.
    const asset = assets.get(ROUTES.test(request.path) ? '/index.html' : request.path)
    if (asset === undefined) return ROUTES.test(request.path) ? notBuilt() : null
    return isRead(request.method) ? send(asset, request, production) : methodNotAllowed()
  }
}

async function send(asset: Asset, { headers }: PageRequest, production: boolean): Promise<PageReply> {
  const encoding = COMPRESSED.test(asset.type) ? ENCODINGS.find(name => accepts(headers['accept-encoding'], name)) : undefined
  const common = {
    ...pageHeaders(production),
    'cache-control': asset.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${asset.tag}${encoding === undefined ? '' : `-${encoding}`}"`,
    vary: 'Accept-Encoding',
  }
  if (isKnown(headers['if-none-match'], common.etag)) return { status: 304, headers: common, body: '' }
  return {
    status: 200,
    headers: { ...common, 'content-type': asset.type, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) },
    body: encoding === undefined ? asset.body : await pack(asset, encoding),
  }
}

async function load(folder: URL): Promise<Map<string, Asset>> {
  const root = fileURLToPath(folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(
      files.map(async file => [`/${path.relative(root, file).split(path.sep).join('/')}`, await read(root, file)] as const),
    ),
  )
}

async function read(root: string, file: string): Promise<Asset> {
  const body = await readFile(file)
  return {
    body,
    type: TYPES[path.extname(file)] ?? 'application/octet-stream',
    tag: createHash('sha256').update(body).digest('base64url').slice(0, 22),
    isHashed: path.relative(root, file).startsWith(`assets${path.sep}`),
    packed: new Map(),
  }
}

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

function pack(asset: Asset, encoding: Encoding): Promise<Buffer> {
  const made =
    asset.packed.get(encoding) ??
    (encoding === 'br' ? brotli(asset.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) : zip(asset.body))
  asset.packed.set(encoding, made)
  return made
}

function accepts(header: string | string[] | undefined, encoding: Encoding): boolean {
  const offers = [header ?? []].flat().join(',').toLowerCase().split(',')
  return offers.some(offer => {
    const [name, weight = ''] = offer.split(';').map(part => part.trim())
    return name === encoding && !/^q=0(?:\.0*)?$/.test(weight)
  })
}

const isKnown = (header: string | string[] | undefined, tag: string): boolean =>
  [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .some(one => one.trim().replace(/^W\//, '') === tag)

const notBuilt = (): PageReply => ({
  status: 503,
  headers: { ...pageHeaders(false), 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: 'The home page is not built. Build it: npm run build -w @latchkey/ui\n',
})
