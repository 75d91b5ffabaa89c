/** What a page of a browser would load of our sources. */
import { build } from 'vite'
import type { Rolldown } from 'vite'

/** One script, minified, of one entry and all it imports; `ws` is for Node and stays outside. */
export async function bundle(entry: string, define: Record<string, string> = {}): Promise<string> {
  const bundled = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['latchkey-source'] },
    define,
    build: {
      write: false,
      lib: { entry, formats: ['es'] },
      // A library build keeps white space by default, for the bundler that comes after.
      rolldownOptions: { output: { minify: true }, external: ['ws'] },
    },
  })
  // One entry, one format: the first output is the script, and what follows is loaded in Node alone
  return (bundled as Rolldown.RolldownOutput[])[0]?.output[0].code ?? ''
}
