/** Runs the rest of a chain of middlewares once `work` is done, or hands on why it is not. What the rest throws is its own. */
export async function relay(work: Promise<void>, next: (error?: unknown) => void): Promise<void> {
  try {
    await work
  } catch (error) {
    return next(error)
  }
  next()
}
