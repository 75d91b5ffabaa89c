import type { ApolloLink } from '@apollo/client'

/** Apollo's maker of links that add to an operation's context: the form that its third and its fourth line share. */
export type SetContext = (
  setter: (operation: { operationName?: string | undefined }, context: { headers?: Readonly<Record<string, string>> }) => Promise<object>,
) => ApolloLink

/**
 * Apollo 4 lists this folder among its exports, and bundlers find it in Apollo 3, too. Node does not: there the file has to be named, and must not be named
 * to bundlers, which would look for it in Apollo 4.
 */
async function load(): Promise<{ setContext: SetContext }> {
  try {
    return await import('@apollo/client/link/context')
  } catch {
    const file: string = '@apollo/client/link/context/index.js'
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ file)) as { setContext: SetContext }
  }
}

/** Apollo's `setContext`. */
export const setContext: SetContext = (await load()).setContext
