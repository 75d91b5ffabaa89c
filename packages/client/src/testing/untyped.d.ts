/** What tests use of packages that bring no types. */
declare module 'react-dom/server' {
  import type { ReactNode } from 'react'

  export function renderToString(node: ReactNode): string
}

declare module 'react-dom/client' {
  import type { ReactNode } from 'react'

  interface Root {
    render(node: ReactNode): void
    unmount(): void
  }
  export function createRoot(container: Element): Root
  export function hydrateRoot(container: Element, node: ReactNode): Root
}

declare module 'trackr' {
  interface Computation {
    invalidate(): void
    onInvalidate(callback: () => void): void
    stop(): void
  }
  const Tracker: {
    readonly currentComputation: Computation | null
    autorun(run: (computation: Computation) => void): Computation
    afterFlush(callback: () => void): void
    flush(): void
  }
  export default Tracker
}
