/** Reads TypeScript as a tree. TypeScript 7 has no stable API yet, so this uses 6; both parse the same language. */
import ts from 'typescript6'
import { read } from './files.ts'

/** A parsed source file; `path` is relative to the repository. */
export interface Source {
  path: string
  tree: ts.SourceFile
}

/** One import, re-export, dynamic import or import type. */
export interface Import {
  specifier: string
  /** The imported names, as the other module calls them; empty for a namespace, a default or a whole module. */
  names: string[]
  line: number
}

/** Parses one file of the repository. */
export function parse(root: string, path: string): Source {
  return { path, tree: ts.createSourceFile(path, read(root, path), ts.ScriptTarget.ESNext, true) }
}

/** Everything the file imports, types included. */
export function importsOf({ tree }: Source): Import[] {
  const imports: Import[] = []
  walk(tree, node => {
    const specifier = specifierOf(node)
    if (specifier) imports.push({ specifier: specifier.text, names: namesOf(node), line: lineOf(tree, specifier) })
  })
  return imports
}

/** The names of the functions, classes, constants and types that the file itself declares and exports. */
export function exportedNames({ tree }: Source): string[] {
  return tree.statements.flatMap(statement => {
    if (!ts.canHaveModifiers(statement) || !ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return []
    // Every exported statement that is not a list of variables is itself a declaration
    const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement as ts.Node as ts.Declaration]
    return declared.map(ts.getNameOfDeclaration).flatMap(name => (name && ts.isIdentifier(name) ? [name.text] : []))
  })
}

/** Visits a node and all below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, child => walk(child, visit))
}

/** Where a node starts; the first line is 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  const given = ((): ts.Node | undefined => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
    if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
    return undefined
  })()
  return given && ts.isStringLiteralLike(given) ? given : undefined
}

function namesOf(node: ts.Node): string[] {
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : undefined
  if (!bindings || !ts.isNamedImports(bindings)) return []
  return bindings.elements.map(element => (element.propertyName ?? element.name).text)
}
