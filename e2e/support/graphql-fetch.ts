/** The smallest GraphQL client: prints, sends, parses. What Apollo's does beside that is of no interest to a story. */
import type { GraphQLAnswer, GraphQLClientLike, GraphQLDocument, GraphQLSending } from '@latchkey/client/graphql'
import { print } from 'graphql'
import type { ASTNode } from 'graphql'

export function fetchGraphQL(url: string): GraphQLClientLike {
  const send = async (document: GraphQLDocument, { variables, context }: GraphQLSending): Promise<GraphQLAnswer> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(context?.['headers'] as Record<string, string>) },
      // Of the same form, without graphql-js's names for it.
      body: JSON.stringify({ query: print(document as unknown as ASTNode), variables }),
    })
    return (await response.json()) as GraphQLAnswer
  }
  return {
    query: ({ query, ...rest }) => send(query, rest),
    mutate: ({ mutation, ...rest }) => send(mutation, rest),
  }
}
