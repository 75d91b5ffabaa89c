/**
 * GraphQL documents as every client wants them: parsed. They are written down as data here, so that neither a parser nor graphql-js is needed for
 * these few.
 */

/** A parsed document: what `gql` makes, and what clients such as Apollo's take. */
export interface GraphQLDocument {
  readonly kind: string
  readonly definitions: readonly object[]
}

/** A field, a field with fields of its own, or `...name` for a fragment. */
export type Selection = string | { readonly [field: string]: readonly Selection[] }

/** An operation with one field, which takes all the variables as its arguments. */
export interface Operation {
  readonly kind: 'query' | 'mutation'
  readonly name: string
  /** @default the operation's name */
  readonly field?: string
  /** Name → type, for example `{ token: 'String!' }`. */
  readonly variables?: Readonly<Record<string, string>>
  readonly selection?: readonly Selection[]
}

/** The document of an operation. `fragments` stand at its end. */
export function documentOf(
  { kind, name, field = name, variables = {}, selection = [] }: Operation,
  fragments: readonly object[],
): GraphQLDocument {
  const taken = Object.entries(variables)
  const operation = {
    kind: 'OperationDefinition',
    operation: kind,
    name: nameOf(name),
    variableDefinitions: taken.map(([variable, type]) => ({
      kind: 'VariableDefinition',
      variable: variableOf(variable),
      type: typeOf(type),
      directives: [],
    })),
    directives: [],
    selectionSet: setOf([
      fieldOf(
        field,
        selection,
        taken.map(([variable]) => ({ kind: 'Argument', name: nameOf(variable), value: variableOf(variable) })),
      ),
    ]),
  }
  return { kind: 'Document', definitions: [operation, ...fragments] }
}

/** The definition of a fragment. */
export function fragmentOf(name: string, type: string, selection: readonly Selection[]): object {
  return {
    kind: 'FragmentDefinition',
    name: nameOf(name),
    typeCondition: named(type),
    directives: [],
    selectionSet: setOf(selection.map(selectionOf)),
  }
}

const nameOf = (value: string): object => ({ kind: 'Name', value })
const named = (type: string): object => ({ kind: 'NamedType', name: nameOf(type) })
const variableOf = (name: string): object => ({ kind: 'Variable', name: nameOf(name) })
const setOf = (selections: readonly object[]): object => ({ kind: 'SelectionSet', selections })
const typeOf = (type: string): object => (type.endsWith('!') ? { kind: 'NonNullType', type: named(type.slice(0, -1)) } : named(type))

function selectionOf(selection: Selection): object {
  if (typeof selection === 'string') {
    return selection.startsWith('...')
      ? { kind: 'FragmentSpread', name: nameOf(selection.slice(3)), directives: [] }
      : fieldOf(selection, [], [])
  }
  const [[name, inner] = ['', []]] = Object.entries(selection)
  return fieldOf(name, inner, [])
}

function fieldOf(name: string, selection: readonly Selection[], args: readonly object[]): object {
  const field = { kind: 'Field', name: nameOf(name), arguments: args, directives: [] }
  return selection.length === 0 ? field : { ...field, selectionSet: setOf(selection.map(selectionOf)) }
}
