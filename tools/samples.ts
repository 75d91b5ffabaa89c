/**
 * The code in our documentation compiles against the built packages, as a reader's would. Taken from every `ts` block of README.md,
 * docs and the packages' README.md, and from every `@example` of a doc comment. A block that begins with "ts run" is run, too;
 * one that begins with "ts serve" is a server, run until it is up.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript6'
import { filesUnder, packageSources, read, type Problem } from './lib/files.ts'
import { commandOf, runNode } from './lib/run.ts'
import { exportedNames, lineOf, parse, walk, type Source } from './lib/source.ts'

/** A piece of code and where it stands. */
export interface Sample {
  path: string
  /** Line of its first line of code. */
  line: number
  code: string
  run: boolean
  /** A server: it would run for ever, so it is stopped once its last line was reached. */
  serves: boolean
}

/** A sample that runs longer than this has a server or timer that it forgot to stop. */
const RUN_SECONDS = 30

/** What does not compile, and what fails when run. Wants the packages built. */
export async function checkSamples(root: string): Promise<Problem[]> {
  const samples = [...markdownSamples(root), ...exampleSamples(root)]
  // Inside the repository, so that the packages resolve as they do for a user who installed them
  const folder = join(root, '.cache', 'samples')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    const problems = await compile(folder, samples)
    if (problems.length > 0) return problems
    for (const [index, sample] of samples.entries()) if (sample.run) problems.push(...(await run(folder, index, sample)))
    return problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The `ts` blocks of all documentation. */
export function markdownSamples(root: string): Sample[] {
  const pages = filesUnder(root).filter(path => /^(README\.md|docs\/.*\.md|packages\/[^/]+\/README\.md)$/.test(path))
  return pages.flatMap(path => {
    const text = read(root, path)
    return [...text.matchAll(/^( *)```ts\b(.*)\n([\s\S]*?)^ *```/gm)].map(({ index, 1: indent = '', 2: flags = '', 3: code = '' }) => ({
      path,
      line: lineAt(text, index) + 1,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      run: ['run', 'serve'].some(flag => flags.split(' ').includes(flag)),
      serves: flags.split(' ').includes('serve'),
    }))
  })
}

/** The `@example` blocks of the packages' doc comments. What their own file exports is in scope. */
export function exampleSamples(root: string): Sample[] {
  return packageSources(root).flatMap(path => {
    const source = parse(root, path)
    const samples = new Map<ts.Node, Sample>()
    walk(source.tree, node => {
      for (const tag of ts.getJSDocTags(node)) {
        if (tag.tagName.text !== 'example') continue
        const code = (ts.getTextOfJSDocComment(tag.comment) ?? '').replaceAll(/^```.*$/gm, '')
        samples.set(tag, { path, line: lineOf(source.tree, tag) + 1, code: imports(source, code) + code, run: false, serves: false })
      }
    })
    return [...samples.values()]
  })
}

/** Imports, on the line of the first line of code, what the code mentions of its own file and does not import itself. */
function imports(source: Source, code: string): string {
  const imported = [...code.matchAll(/^import .*$/gm)].join('\n')
  const mentions = (text: string, name: string) => new RegExp(`\\b${name}\\b`).test(text)
  const names = exportedNames(source).filter(name => mentions(code, name) && !mentions(imported, name))
  const built = source.path.replace('/src/', '/dist/').replace(/\.tsx?$/, '.js')
  return names.length === 0 ? '' : `import { ${names.join(', ')} } from '../../${built}'; `
}

async function compile(folder: string, samples: Sample[]): Promise<Problem[]> {
  const options = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'],
    module: 'nodenext',
    moduleDetection: 'force',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    outDir: 'out',
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  for (const [index, { code }] of samples.entries()) writeFileSync(join(folder, `${index}.ts`), code)
  if (samples.length === 0) return []

  const { code, output } = await runNode(folder, [commandOf(folder, 'typescript', 'tsc'), '-p', '.', '--pretty', 'false'])
  const problems = output.split('\n').flatMap(line => compilerProblem(line, samples))
  return code === 0 || problems.length > 0 ? problems : [{ path: 'docs', message: output }]
}

function compilerProblem(line: string, samples: Sample[]): Problem[] {
  const [, index, row, message] = /^(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line) ?? []
  const sample = samples[Number(index)]
  return sample && message ? [{ path: sample.path, line: sample.line + Number(row) - 1, message: `in the sample: ${message}` }] : []
}

async function run(folder: string, index: number, { path, line, serves }: Sample): Promise<Problem[]> {
  const whole = serves
    ? ['--input-type=module', '--eval', `await import('./out/${index}.js'); process.exit(0)`]
    : [join('out', `${index}.js`)]
  const { code, output } = await runNode(folder, whole, RUN_SECONDS)
  const reason = code === null ? `did not end within ${RUN_SECONDS} seconds` : `ended with ${code}`
  return code === 0 ? [] : [{ path, line, message: `the sample ${reason}: ${output.slice(-1000)}` }]
}

/** The line that the character at `index` stands on; the first is 1. */
function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
