/** The doors of the packages: each entry of `exports` leads somewhere, and everything behind it has a doc comment. */
import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import ts from 'typescript6'
import { filesUnder, publishedPackages, type Package, type Problem } from './lib/files.ts'
import { lineOf } from './lib/source.ts'

/** Missing files behind `exports` and `bin`, and exported symbols without a doc comment. Wants the packages built. */
export function checkExports(root: string): Problem[] {
  const packages = publishedPackages(root)
  const sources = packages.flatMap(one => entryFiles(root, one).filter(path => path.endsWith('.ts') && path.includes('/src/')))
  return [...packages.flatMap(one => missingFiles(root, one)), ...undocumented(root, sources)]
}

function missingFiles(root: string, one: Package): Problem[] {
  const manifest = `${one.folder}/package.json`
  const targets = [...entryFiles(root, one), ...Object.values(one.manifest.bin ?? {}).map(target => join(one.folder, target))]
  const missing = targets.filter(path => !existsSync(join(root, path)))
  const empty = Object.entries(one.manifest.exports ?? {}).filter(
    ([door, target]) => door.includes('*') && expand(root, one, target).length === 0,
  )
  return [
    ...missing.map(path => ({ path: manifest, message: `leads to ${path}, which does not exist` })),
    ...empty.map(([door]) => ({ path: manifest, message: `nothing lies behind "${door}"` })),
  ]
}

/** All files that `exports` leads to, patterns expanded. */
function entryFiles(root: string, one: Package): string[] {
  return Object.values(one.manifest.exports ?? {}).flatMap(target => expand(root, one, target))
}

function expand(root: string, { folder }: Package, target: Record<string, string>): string[] {
  const source = target['latchkey-source']
  const stars = source?.includes('*') ? starsOf(root, join(folder, source)) : ['']
  return Object.values(target).flatMap(path => stars.map(star => join(folder, path.replace('*', star))))
}

/** What `*` stands for, judged by the sources that are there. */
function starsOf(root: string, pattern: string): string[] {
  const [before = '', after = ''] = pattern.split('*')
  return filesUnder(root, before)
    .filter(path => path.endsWith(after))
    .map(path => path.slice(before.length, path.length - after.length))
    .filter(star => !star.includes('/'))
}

function undocumented(root: string, entries: string[]): Problem[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['latchkey-source'],
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  const program = ts.createProgram(
    entries.map(path => join(root, path)).filter(path => existsSync(path)),
    options,
  )
  const checker = program.getTypeChecker()

  const problems = new Map<ts.Symbol, Problem>()
  for (const entry of program.getRootFileNames()) {
    const file = program.getSourceFile(entry)
    const module = file && checker.getSymbolAtLocation(file)
    if (!module) continue
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declaration = symbol.declarations?.find(node => isOurs(root, node.getSourceFile()))
      if (!declaration || symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0) continue
      // `export * as name`: a module says at its top what it is
      if (ts.isSourceFile(declaration) && declaration.text.startsWith('/**')) continue
      const tree = declaration.getSourceFile()
      const path = relative(root, tree.fileName).split(sep).join('/')
      problems.set(symbol, { path, line: lineOf(tree, declaration), message: `${exported.name} is exported and has no doc comment` })
    }
  }
  return [...problems.values()]
}

function isOurs(root: string, tree: ts.SourceFile): boolean {
  return !tree.fileName.includes('/node_modules/') && !relative(root, tree.fileName).startsWith('..')
}
