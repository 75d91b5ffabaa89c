import { Accounts } from '@latchkey/client/meteor'
import { trackWith } from '@latchkey/client/tracker'
import Tracker from 'trackr'

trackWith(Accounts, Tracker)

export { Tracker }
