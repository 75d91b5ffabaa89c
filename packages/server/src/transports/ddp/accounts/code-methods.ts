/** Codes to sign in, as Meteor's clients ask for them. */
import * as v from 'valibot'
import { deedsWith } from './deed.ts'
import type { Deed, DeedCall } from './deed.ts'
import { matchFailed } from './errors.ts'

/** Meteor's accounts-passwordless, by the name of its method. Signing in with a code is `login`. */
export const CODE_METHODS: Readonly<Record<string, Deed>> = deedsWith(
  core => [...core.strategies.values()].some(({ loginCodes }) => loginCodes !== undefined),
  { requestLoginTokenForUser },
)

/** `extra` is taken, because Meteor's clients send it, and reaches no mail: what strangers send has no place in a letter of the app's. */
const request = v.strictObject({
  selector: v.looseObject({}),
  userData: v.optional(v.looseObject({})),
  options: v.optional(v.looseObject({ userCreationDisabled: v.optional(v.boolean()) })),
})

interface CodeAnswer {
  selector: object
  userData?: object
  isNewUser?: boolean
}

/** Answers what it was asked, and whether a user was made of it where that may be told. */
async function requestLoginTokenForUser(call: DeedCall, given: unknown): Promise<CodeAnswer> {
  const read = v.safeParse(request, given)
  if (!read.success) throw matchFailed()
  const { selector, userData, options } = read.output
  const { isNewUser } = await call.accounts.requestLoginCode(
    { selector, userData, userCreationDisabled: options?.userCreationDisabled ?? false },
    call.origin,
  )
  return { selector, ...(userData ? { userData } : {}), ...(isNewUser === undefined ? {} : { isNewUser }) }
}
