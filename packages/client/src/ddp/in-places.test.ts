/** The connection as an app gets it, bundled, where apps run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../../../tools/test/bundle.ts'
import { BROWSERS_TAKE_TIME, chromiumOptions, hasChromium } from '../../../../tools/test/chromium.ts'
import { FakeDdpServer } from '../testing/fake-ddp-server.ts'
import type * as Ddp from './index.ts'

let code = ''
beforeAll(async () => {
  code = await bundle(fileURLToPath(new URL('./index.ts', import.meta.url)))
})

test('it is under 9 KB, minified and compressed, and needs nothing of Node', () => {
  const size = gzipSync(code, { level: 9 }).length
  console.log(`@latchkey/client/ddp: ${code.length} bytes, ${size} gzip`)
  expect(size).toBeGreaterThan(1000)
  expect(size).toBeLessThan(9 * 1024)
  expect(code).not.toMatch(/node:|^import |require\(/m)
})

describe('in Node', () => {
  const USE = `
    const connection = DDP.connect(process.argv[2])
    process.on('exit', () => console.log(JSON.stringify(connection.status().reason ?? connection.status().status)))`

  test('a process ends when its connection is closed', async () => {
    const { url } = await serve()
    const answer = await run(
      `${USE}
      console.log(await connection.call('echo', 'hello'))
      connection.close()`,
      url,
    )
    expect(answer).toEqual(['hello', '"offline"'])
  })

  test('a connection that looks for its server keeps no process that waits for nothing', async () => {
    const url = 'ws://127.0.0.1:1'
    expect(await run(USE, url)).toEqual([expect.stringContaining('failed')])
  })

  test('where nothing makes sockets, it says what to install', async () => {
    expect(await run(USE, 'ws://127.0.0.1:1', tmpdir())).toEqual([expect.stringContaining('Install the package \\"ws\\"')])
  })

  test('where nothing makes sockets, whoever calls is told so as well, and does not wait forever', async () => {
    const program = `${USE}
      const told = []
      const [first, later] = [() => connection.call('hello'), () => connection.apply('hello', [], {}, error => told.push(error.error))]
      console.log(await first().catch(error => error.message))
      console.log(await later().catch(error => error.error), told[0])`
    expect(await run(program, 'ws://127.0.0.1:1', tmpdir())).toEqual([
      expect.stringContaining('Install the package "ws"'),
      'connection-failed connection-failed',
      expect.stringContaining('Install the package'),
    ])
  })

  /** Runs a program in a process of its own and hands back its lines. `ws` is found from `folder`, or is not. */
  async function run(
    program: string,
    url: string,
    folder = fileURLToPath(new URL('../../../../.cache/', import.meta.url)),
  ): Promise<string[]> {
    await mkdir(folder, { recursive: true })
    const own = await mkdtemp(join(folder, 'ddp-'))
    onTestFinished(() => rm(own, { recursive: true }))
    await writeFile(join(own, 'ddp.mjs'), code)
    await writeFile(join(own, 'app.mjs'), `delete globalThis.WebSocket\nconst { DDP } = await import('./ddp.mjs')\n${program}`)
    const child = spawn(process.execPath, [join(own, 'app.mjs'), url], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [lines, ended] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect(ended).toEqual([0, null])
    return lines.trim().split('\n')
  }
})

describe.skipIf(!hasChromium)('in a browser', BROWSERS_TAKE_TIME, () => {
  test('it calls, subscribes and comes back', async () => {
    const browser = await chromium.launch(chromiumOptions())
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const { url, server } = await serve()
    await page.addScriptTag({
      type: 'module',
      content: `${code}\nglobalThis.connection = DDP.connect('${url}')`.replace(/export\s*\{([^}]*)\}/, exported),
    })
    await page.waitForFunction(() => 'connection' in globalThis)
    const seen = await page.evaluate(async () => {
      await new Promise<void>(resolve => void connection.subscribe('tasks', resolve))
      return [await connection.call('echo', new Date(5)), connection.collection('tasks').all()]
    })
    expect(seen).toEqual([new Date(5), [{ _id: 'milk' }]])
    server.peer.close()
    expect(await page.evaluate(() => connection.call('echo', 'again'))).toBe('again')
  })
})

declare global {
  /** Made by the page above. */
  var connection: Ddp.DdpConnection
}

/** A script has no exports: what is exported under another name gets that name. */
const exported = (_: string, names: string): string =>
  names
    .split(',')
    .map(name => /(\S+) as DDP\b/.exec(name)?.[1])
    .filter(name => name !== undefined)
    .map(name => `const DDP = ${name}`)
    .join('')

async function serve(): Promise<{ url: string; server: FakeDdpServer }> {
  const server = new FakeDdpServer()
  server.methods['echo'] = (_peer, _id, value) => value
  server.publications['tasks'] = () => ({ tasks: { milk: {} } })
  const listening = await server.listen()
  onTestFinished(() => listening[Symbol.asyncDispose]())
  return { url: listening.url, server }
}
