/**
 * How much one GraphQL request may ask for. Without limits a few lines can ask for a thousand logins, or for more than any server can answer
 * (OWASP GraphQL Cheat Sheet: depth, amount, aliases).
 */
import { GraphQLError, Kind } from 'graphql'
import type { ASTVisitor, OperationDefinitionNode, SelectionNode, SelectionSetNode, ValidationContext } from 'graphql'

/** Words and signs of the text. The introspection query of common tools has about 400. */
export const MOST_TOKENS = 1000
/** Fields under the root: each is a deed of its own, aliases or not. */
export const MOST_DEEDS = 15
/** Levels. The introspection query goes down 13. */
export const DEEPEST = 16
/** Fields, counted where they are used: one fragment used twice counts twice. */
export const MOST_FIELDS = 400

/** A validation rule that refuses operations beyond these. */
export function limitQuery(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const excess = excessOf(context, operation)
      if (excess) context.reportError(new GraphQLError(excess, { nodes: operation, extensions: { code: 'InvalidInput' } }))
      // Nothing below needs a visit.
      return false
    },
  }
}

function excessOf(context: ValidationContext, { selectionSet }: OperationDefinitionNode): string | undefined {
  let [deeds, fields] = [0, 0]

  /** Stops counting as soon as a limit is passed, so that counting itself costs no more than the limit. */
  function count(set: SelectionSetNode, depth: number, within: readonly string[]): string | undefined {
    if (depth > DEEPEST) return `The query is nested more than ${DEEPEST} levels deep`
    for (const selection of set.selections) {
      // Spreads count too: a chain of empty ones would be free otherwise.
      if (++fields > MOST_FIELDS) return `The query asks for more than ${MOST_FIELDS} fields`
      const excess = inside(selection, depth, within)
      if (excess !== undefined) return excess
    }
    return undefined
  }

  function inside(selection: SelectionNode, depth: number, within: readonly string[]): string | undefined {
    if (selection.kind === Kind.INLINE_FRAGMENT) return count(selection.selectionSet, depth, within)
    if (selection.kind === Kind.FIELD) {
      if (depth === 1 && ++deeds > MOST_DEEDS) return `The query asks for more than ${MOST_DEEDS} things at once`
      return selection.selectionSet && count(selection.selectionSet, depth + 1, within)
    }
    const name = selection.name.value
    // A fragment within itself is refused by a rule of the specification.
    const definition = within.includes(name) ? undefined : context.getFragment(name)
    return definition ? count(definition.selectionSet, depth, [...within, name]) : undefined
  }

  return count(selectionSet, 1, [])
}
