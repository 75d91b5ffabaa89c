import { answerMethod } from './method-call.ts'
import { isMethod, isSub, refusal } from './read-message.ts'
import type { Incoming } from './read-message.ts'
import type { Session } from './session.ts'
import { startSubscription } from './start-subscription.ts'

/** Answers a message whose turn it is. `size` is its length as text. */
export async function answer(session: Session, message: Incoming, size: number, unblock: () => void): Promise<void> {
  switch (message.msg) {
    case 'method':
      if (isMethod(message)) return answerMethod(session, message, unblock)
      return session.send(refusal('Malformed method invocation', message))
    case 'sub':
      if (isSub(message)) return startSubscription(session, message, size, unblock)
      return session.send(refusal('Malformed subscription', message))
    case 'unsub':
      if (typeof message['id'] === 'string') return session.unsubscribe(message['id'])
      return session.send(refusal('Bad request', message))
    default:
      return session.send(refusal('Bad request', message))
  }
}
