import { resumeStrategy } from '../../core/session/resume-strategy.ts'
import type { Strategy } from '../../core/strategy.ts'

/**
 * Continues a session by its resume secret (Meteor's login token). Never opens a session, never rotates the secret and never prolongs its life.
 * @example
 * import { resume } from '@latchkey/server/strategies/resume'
 * const services = { resume: resume() }
 * console.log(services.resume.name) // resume
 */
export const resume = (): Strategy<{ resume: string }> => resumeStrategy()
