/** The life of a PostgreSQL that tests start themselves: the folder where it lives, the process that watches over it. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** One server: what `globalSetup` found out, handed to the test workers through their environment. */
export interface PostgresRun {
  /** Folder of the server's programs. */
  programs: string
  /** Folder where the server lives. */
  folder: string
  /** The process that it must not outlive. */
  pid: number
}

/** Starts the process that makes the server and ends it. */
export function startSupervisor(run: PostgresRun): void {
  const supervisor = fileURLToPath(new URL('postgres-supervisor.mjs', import.meta.url))
  // Detached: Ctrl-C in the terminal reaches the test run alone, and the supervisor follows when the run is over
  const child = spawn(process.execPath, [supervisor, run.folder, run.programs, String(run.pid)], { detached: true, stdio: 'ignore' })
  child.unref()
  writeFileSync(join(run.folder, 'supervisor'), String(child.pid))
}

/** The server's URL, once it takes statements. */
export async function announced(run: PostgresRun): Promise<string> {
  const [ready, failed] = [join(run.folder, 'ready'), join(run.folder, 'failed')]
  const deadline = Date.now() + 50_000
  while (Date.now() < deadline) {
    if (existsSync(ready)) return readFileSync(ready, 'utf8')
    if (existsSync(failed)) throw new Error(`PostgreSQL for the tests did not start. ${readFileSync(failed, 'utf8')}`)
    await pause(20)
  }
  throw new Error('PostgreSQL for the tests did not start within 50 seconds')
}

/** Ends the server of this folder, if one was started, and removes the folder. */
export async function stopSupervisor(folder: string): Promise<void> {
  const file = join(folder, 'supervisor')
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8'))
    // Its data goes last. Where nobody looks after orphans, its process number stays taken.
    while (signal(pid, 'SIGTERM') && existsSync(join(folder, 'data'))) await pause(20)
  }
  rmSync(folder, { recursive: true, force: true })
}

/** False once the process is gone. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
