/** Tells somebody. Who is told is not asked: an error of theirs is reported, and stops nothing. */
export function guarded(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    console.error(error)
  }
}
