/**
 * Who may import whom. The floors of the server and the walls between packages are what keeps one login pipeline: a transport that
 * could reach a store, or a strategy that could open a session, would be a second way in.
 */
import { posix } from 'node:path'
import ts from 'typescript6'
import { isTestCode, packageSources, type Problem } from './lib/files.ts'
import { importsOf, lineOf, parse, walk, type Import, type Source } from './lib/source.ts'

/** Package → packages of ours it may import. A package that is missing here does not pass. */
const WALLS: Record<string, readonly string[]> = {
  common: [],
  server: ['@latchkey/common'],
  client: ['@latchkey/common'],
  ui: ['@latchkey/client'],
  latchkey: ['@latchkey/common', '@latchkey/server', '@latchkey/client', '@latchkey/ui'],
}

/** Code for browsers: nothing of Node's. */
const IN_BROWSERS: readonly string[] = ['common', 'client', 'ui']

/**
 * Floor of the server → floors it may import. `strategies`, `stores` and `transports` are made of rooms (`strategies/password`),
 * and no room may import its neighbour. `top` is what lies in `src` itself.
 */
const FLOORS: Record<string, readonly string[]> = {
  core: [],
  strategies: ['core'],
  stores: ['core'],
  wire: ['core'],
  transports: ['core', 'wire'],
  compat: ['core', 'wire'],
  // Meteor's server API is what `AccountsServer` extends, and what its predefined objects are made of.
  meteor: ['core', 'strategies', 'stores', 'wire', 'transports', 'compat', 'top'],
  top: ['core', 'strategies', 'stores', 'wire', 'transports', 'compat', 'meteor'],
  mounts: ['core', 'wire', 'transports', 'top'],
  testing: ['core', 'strategies', 'stores', 'wire', 'transports', 'compat', 'meteor', 'top', 'mounts'],
}
const WITH_ROOMS: readonly string[] = ['strategies', 'stores', 'transports']

/** All that the core may use of Node: calculation, no input or output. `null`: everything but {@link CHANCE}. */
const CORE_BUILTINS: Record<string, readonly string[] | null> = {
  'node:async_hooks': ['AsyncLocalStorage'],
  'node:buffer': null,
  'node:crypto': null,
  'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'],
  'node:url': null,
  'node:util': null,
}
/** Chance comes through the ports of the core. */
const CHANCE: readonly string[] = ['randomBytes', 'randomInt', 'randomUUID', 'randomFill', 'randomFillSync', 'getRandomValues', 'webcrypto']
const HTTP: RegExp = /^(node:)?https?2?$/
const DRIVERS: readonly string[] = ['pg', 'libsql', 'kysely', 'mongodb', 'ioredis', 'redis']

const LOGIN_FLOW = 'packages/server/src/core/flows/login.ts'
/** A store too, although it lies with what else speaks accounts-js. */
const FOREIGN_STORE = 'packages/server/src/compat/database/sessions.ts'
const SERVER = 'packages/server/src/'

/** Every trespass in the sources of the packages. Tests may import what they like. */
export function checkFloors(root: string): Problem[] {
  return packageSources(root)
    .map(path => parse(root, path))
    .flatMap(source => [...importsOf(source).flatMap(one => trespass(source.path, one)), ...misdeeds(source)])
}

function trespass(path: string, { specifier, names, line }: Import): Problem[] {
  const complain = (message: string): Problem[] => [{ path, line, message }]
  const home = packageOf(path)
  const walls = WALLS[home]
  if (!walls) return complain(`package "${home}" has no walls yet: add it to tools/floors.ts`)

  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier)
    if (!target.startsWith(`packages/${home}/src/`)) return complain(`leaves its package: ${specifier}`)
    if (isTestCode(target)) return complain(`product code may not import test code: ${specifier}`)
    return path.startsWith(SERVER) ? betweenFloors(path, target).flatMap(complain) : []
  }

  const ours = /^(@latchkey\/[^/]+|latchkey)(\/|$)/.exec(specifier)?.[1]
  if (ours && !walls.includes(ours)) return complain(`${home} may not import ${ours}`)
  if (isBuiltin(specifier) && IN_BROWSERS.includes(home)) return complain(`${home} runs in browsers and may not import ${specifier}`)
  if (HTTP.test(specifier) && !path.startsWith(`${SERVER}transports/node/`)) return complain('only transports/node may know node:http')
  return path.startsWith(SERVER) ? fromOutside(path, specifier, names).flatMap(complain) : []
}

/** What a file of the server may import of the server. */
function betweenFloors(path: string, target: string): string[] {
  const [from, to] = [placeOf(path), placeOf(target)]
  for (const { floor } of [from, to]) if (!FLOORS[floor]) return [`floor "${floor}" is not in the plan: add it to tools/floors.ts`]

  if (from.floor === to.floor && from.room === to.room) return []
  if (from.floor === to.floor) return [`${from.floor}/${from.room} may not import its neighbour ${to.floor}/${to.room ?? ''}`]
  return FLOORS[from.floor]?.includes(to.floor) ? [] : [`${from.floor} may not import ${to.floor}`]
}

/** What a file of the server may import from elsewhere. */
function fromOutside(path: string, specifier: string, names: string[]): string[] {
  const { floor } = placeOf(path)
  if (DRIVERS.includes(specifier.split('/')[0] ?? '') && floor !== 'stores') return [`only stores may import the driver ${specifier}`]
  if (floor !== 'core' || specifier === '@latchkey/common' || specifier.startsWith('@latchkey/common/')) return []

  const allowed = CORE_BUILTINS[specifier]
  if (allowed === undefined) return [`the core may not import ${specifier}`]
  if (names.length === 0) return [`the core imports what it needs of ${specifier} by name`]
  return names
    .filter(name => CHANCE.includes(name) || (allowed && !allowed.includes(name)))
    .map(name => `the core may not import ${name} from ${specifier}${CHANCE.includes(name) ? ': chance comes through its ports' : ''}`)
}

/** What a file does that it may not, whatever it imports. */
function misdeeds({ path, tree }: Source): Problem[] {
  const problems: Problem[] = []
  const complain = (node: ts.Node, message: string): unknown => problems.push({ path, line: lineOf(tree, node), message })
  const inServer = path.startsWith(SERVER)
  const inCore = path.startsWith(`${SERVER}core/`)
  const mayOpen = path === LOGIN_FLOW || path === FOREIGN_STORE || path.startsWith(`${SERVER}stores/`)
  const sessions = namesOfSessions(tree)

  walk(tree, node => {
    if (!mayOpen && opensSession(node, sessions)) complain(node, 'only flows/login.ts may call sessions.open')
    if (inServer && isGlobal(node, 'console')) complain(node, 'the server logs through its Log port, never to the console')
    const impurity = inCore ? impurityOf(node) : undefined
    if (impurity) complain(node, `the core takes time, chance and settings through its ports, not from ${impurity}`)
  })
  return problems
}

/** Constants that hold a session store under another name: `const store = ports.sessions`, `const { sessions: store } = ports`. */
function namesOfSessions(tree: ts.SourceFile): Set<string> {
  const names = new Set(['sessions'])
  walk(tree, node => {
    if (!(ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isParameter(node)) || !ts.isIdentifier(node.name)) return
    const renamed = ts.isBindingElement(node) && node.propertyName?.getText(tree) === 'sessions'
    if (renamed || (node.initializer && lastName(node.initializer) === 'sessions')) names.add(node.name.text)
  })
  return names
}

/** `x.sessions.open`, `x.sessions['open']`, `const { open } = x.sessions`, or the same on a constant that holds the sessions. */
function opensSession(node: ts.Node, sessions: Set<string>): boolean {
  const holds = (owner: ts.Node) => sessions.has(lastName(owner) ?? '')
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'open' && holds(node.expression)
  if (ts.isElementAccessExpression(node)) return lastName(node) === 'open' && holds(node.expression)
  if (!ts.isVariableDeclaration(node) || !ts.isObjectBindingPattern(node.name) || !node.initializer || !holds(node.initializer))
    return false
  return node.name.elements.some(element => (element.propertyName ?? element.name).getText() === 'open')
}

/** `c` of `a.b.c`, of `a.b!.c` and of `a.b['c']`. */
function lastName(node: ts.Node): string | undefined {
  if (ts.isNonNullExpression(node) || ts.isParenthesizedExpression(node)) return lastName(node.expression)
  if (ts.isIdentifier(node)) return node.text
  if (ts.isPropertyAccessExpression(node)) return node.name.text
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) return node.argumentExpression.text
  return undefined
}

const IMPURE_MEMBERS: readonly string[] = ['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues']
const IMPURE_GLOBALS: readonly string[] = ['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'Deno', 'Bun']

/** What makes the core depend on more than its arguments and ports. */
function impurityOf(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && isGlobal(node.expression, 'Date') && !node.arguments?.length) return 'new Date()'
  if (ts.isPropertyAccessExpression(node)) {
    const name = node.getText().replace(/^globalThis\./, '')
    return IMPURE_MEMBERS.find(member => member === name)
  }
  return IMPURE_GLOBALS.find(name => isGlobal(node, name))
}

/** True for the name used as a value of its own, not as `x.name`, `{ name: … }` or in a type. */
function isGlobal(node: ts.Node, name: string): boolean {
  if (!ts.isIdentifier(node) || node.text !== name) return false
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return parent.expression.getText() === 'globalThis'
  const isNamed = 'name' in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent)
  if (isNamed || ts.isTypeNode(parent) || (ts.isBindingElement(parent) && parent.propertyName === node)) return false
  return !isDeclaredAround(node)
}

/** True when a parameter or variable of that name is in scope, which then hides the global one. */
function isDeclaredAround(node: ts.Identifier): boolean {
  let declared = false
  walk(node.getSourceFile(), other => {
    if (!(ts.isVariableDeclaration(other) || ts.isBindingElement(other) || ts.isParameter(other))) return
    if (!ts.isIdentifier(other.name) || other.name.text !== node.text) return
    const scope = ts.findAncestor(other.parent, around => ts.isBlock(around) || ts.isFunctionLike(around) || ts.isSourceFile(around))
    declared ||= ts.findAncestor(node, around => around === scope) !== undefined
  })
  return declared
}

/** `core/flows/login.ts` lies on floor `core`; `strategies/password/hash.ts` on `strategies`, in room `password`. */
function placeOf(path: string): { floor: string; room?: string } {
  const [floor = '', room = '', ...rest] = path.slice(SERVER.length).split('/')
  if (room === '') return { floor: 'top' }
  return WITH_ROOMS.includes(floor) && rest.length > 0 ? { floor, room } : { floor }
}

function packageOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:')
}
