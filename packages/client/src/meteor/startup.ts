/** Runs an app's code when its page is there, as `Meteor.startup` does: at once, but never before the caller is through, where it is there already. */
export function startup(work: () => unknown): void {
  const run = (): void => void work()
  if (typeof document === 'object' && document.readyState === 'loading') document.addEventListener('DOMContentLoaded', run, { once: true })
  else queueMicrotask(run)
}
