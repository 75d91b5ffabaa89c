const WIRE_TEST = 'packages/server/src/meteor/rate-limit/ddp-rate-limiter.test.ts'
const TEST = 'packages/server/src/meteor/rate-limit/rate-limiter.test.ts'
const DDP_LIMITER = 'packages/server/src/meteor/rate-limit/ddp-rate-limiter.ts'
const LIMITER = 'packages/server/src/meteor/rate-limit/rate-limiter.ts'
const COUNTERS = 'packages/server/src/meteor/rate-limit/counters.ts'
const RULE = 'packages/server/src/meteor/rate-limit/rule.ts'
const HUB = 'packages/server/src/transports/ddp/hub.ts'

const SUBSCRIPTIONS = 'subscriptions are of the type subscription, and are refused with the same error'

/** @type {import('../row.d.ts').MeteorChapter} */
export const rateLimiting = {
  title: 'Rate limiting',
  rows: [
    {
      number: 187,
      item: 'Five bad logins are answered 403, the sixth `too-many-requests` with less than ten seconds in `details.timeToReset`',
      proof: {
        file: WIRE_TEST,
        title: 'five logins that fail answer 403, the sixth in ten seconds too-many-requests with the time that is left',
      },
      off: { file: DDP_LIMITER, from: '    this.addDefaultRateLimit()\n', to: '' },
    },
    {
      number: 188,
      item: 'Functions of a rule are asked with the user, the type, the name and the address of the client',
      proof: { file: WIRE_TEST, title: 'functions of a rule are asked with the user, the type, the name and the address of the client' },
      off: { file: RULE, from: 'await wanted(input[key] as never)', to: "await wanted('' as never)" },
    },
    {
      number: 189,
      item: 'The callback of a rule is told the verdict and the call: four are left after the first of five, and none in the end',
      proof: { file: WIRE_TEST, title: 'the callback of a rule is told what it said and about what' },
      off: { file: LIMITER, from: '    await this.#tell(rule, reply, input)\n', to: '' },
    },
    {
      number: 190,
      item: 'Subscriptions are of the type `subscription`, and are refused with the same error',
      proof: { file: WIRE_TEST, title: SUBSCRIPTIONS },
      off: {
        file: HUB,
        from: 'await gate.rateLimiter?.check(input)',
        to: "await (type === 'method' ? gate.rateLimiter?.check(input) : undefined)",
      },
      also: [
        {
          item: 'methods and subscriptions are told apart by their type',
          proof: { file: WIRE_TEST, title: SUBSCRIPTIONS },
          off: { file: HUB, from: 'const input = { type, name,', to: "const input = { type: 'method' as const, name," },
        },
        {
          item: 'a client learns of the refusal in `onStop`',
          proof: { file: 'packages/client/src/ddp/subscriptions.test.ts', title: 'a refused subscription tells why, once' },
          off: {
            file: 'packages/client/src/ddp/subscriptions.ts',
            from: 'subscription.callbacks.onStop?.(error)',
            to: 'subscription.callbacks.onStop?.()',
          },
        },
      ],
    },
    {
      number: 191,
      item: 'A rule that is removed limits no more',
      proof: { file: WIRE_TEST, title: 'a rule that is removed limits no more' },
      off: { file: LIMITER, from: 'return this.#rules.delete(id)', to: 'return this.#rules.has(id)' },
    },
    {
      number: 192,
      item: 'When the interval is over, calls are let pass again',
      proof: { file: WIRE_TEST, title: 'when the interval is over, calls are let pass again' },
      off: { file: COUNTERS, from: 'running && now < running.endsAt ? running', to: 'running ? running' },
    },
    {
      number: 193,
      item: 'A method that no rule is about is never limited',
      proof: { file: WIRE_TEST, title: 'a method that no rule is about is never limited' },
      off: { file: RULE, from: '} else if (input[key] !== wanted) return false', to: '}' },
    },
    {
      number: 194,
      item: 'A limiter begins with no rules',
      proof: { file: TEST, title: 'a limiter begins with no rules, and lets everything pass' },
      off: { file: LIMITER, from: 'if (!first) return { allowed: true', to: 'if (!first) return { allowed: false' },
    },
    {
      number: 195,
      item: 'Only calls that a rule is about are limited by it',
      proof: { file: TEST, title: 'only calls that a rule is about are limited by it' },
      off: { file: LIMITER, from: 'if (await isAbout(rule, input)) verdicts.push', to: 'verdicts.push' },
    },
    {
      number: 196,
      item: 'After its interval a rule counts anew',
      proof: { file: TEST, title: 'the window of a rule ends for all its counters at once, and then everything is counted anew' },
      off: { file: COUNTERS, from: 'running && now < running.endsAt ? running', to: 'running ? running' },
    },
    {
      number: 197,
      item: 'Of two rules about one call either refuses it',
      proof: { file: TEST, title: 'of two rules about one call either refuses it' },
      off: { file: LIMITER, from: 'for (const rule of this.rules) {', to: 'for (const rule of this.rules.slice(0, 1)) {' },
    },
    {
      number: 198,
      item: 'One rule limits two calls, each by itself',
      proof: { file: TEST, title: 'one rule counts calls apart by what it names' },
      off: { file: RULE, from: '`${key}${String(input[key])}`', to: 'key' },
    },
    {
      number: 199,
      item: 'A rule that leaves everything open limits all calls together',
      proof: { file: TEST, title: 'a rule that leaves everything open counts all calls together' },
      off: { file: RULE, from: '    .filter(([, wanted]) => wanted !== null)\n', to: '' },
    },
    {
      number: 200,
      item: 'A call without what a rule asks for is not its business; of several that refuse, the longest wait is told',
      proof: {
        file: TEST,
        title: 'of refusing rules the one that lasts longest says how long; a call without what a rule asks for is not its business',
      },
      off: { file: LIMITER, from: '(one.timeToReset > longest.timeToReset ? one : longest)', to: 'longest' },
      also: [
        {
          item: 'a call without what a rule asks for is not its business',
          proof: { file: TEST, title: 'a call without what a rule asks for is not its business' },
          off: { file: RULE, from: '    if (!Object.hasOwn(input, key)) return false\n', to: '' },
        },
      ],
    },
    {
      number: 201,
      item: 'A rule is about a call when every part it names is there and fits',
      proof: { file: TEST, title: 'a rule is about a call when every part it names fits' },
      off: { file: RULE, from: '    if (!Object.hasOwn(input, key)) return false\n', to: '' },
      also: [
        {
          item: 'parts that are open fit always',
          proof: { file: TEST, title: 'a rule is about a call when every part it names fits' },
          off: { file: RULE, from: '    if (wanted === null) continue\n', to: '' },
        },
        {
          item: 'values fit when they are equal',
          proof: { file: TEST, title: 'a rule is about a call when every part it names fits' },
          off: { file: RULE, from: '} else if (input[key] !== wanted) return false', to: '}' },
        },
      ],
    },
    {
      number: 202,
      item: 'Calls are counted by the names and values of what a rule does not leave open, like `userId1024IPAddr127.0.0.1`',
      proof: { file: TEST, title: 'what is counted together is named by what the rule does not leave open, in its order' },
      off: { file: RULE, from: ".join('')", to: ".join('|')" },
    },
  ],
}
