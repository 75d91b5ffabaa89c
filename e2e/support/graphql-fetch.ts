/** The smallest GraphQL client: prints, sends, parses. What Apollo's does beside that is of no interest to a story. */
import type { GraphQLAnswer, GraphQLClientLike, GraphQLDocument } from '@latchkey/client/graphql'
import { print } from 'graphql'
import type { DocumentNode } from 'graphql'

export function fetchGraphQL(url: string): GraphQLClientLike {
  const send = async (
    document: GraphQLDocument,
    variables: object,
    context: { headers?: Record<string, string> },
  ): Promise<GraphQLAnswer> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...context.headers },
      // Same form, built by hand.
      body: JSON.stringify({ query: print(document as DocumentNode), variables }),
    })
    return (await response.json()) as GraphQLAnswer
  }
  return {
    query: ({ query, variables, context }) => send(query, variables, context),
    mutate: ({ mutation, variables, context }) => send(mutation, variables, context),
  }
}
