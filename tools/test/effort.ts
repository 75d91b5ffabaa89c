/** What work costs, told from what the machine does beside it. */

/**
 * Milliseconds of processor time that this process spends until the work is done. Unlike the clock on the wall this stands still while others have
 * the processor, or while a disk is waited for.
 */
export async function effortOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
