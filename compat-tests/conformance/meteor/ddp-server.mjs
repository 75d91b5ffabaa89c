const FOLDER = 'packages/server/src/transports/ddp'
const CONNECTION_TEST = `${FOLDER}/connection.test.ts`
const METHODS_TEST = `${FOLDER}/methods.test.ts`
const PUBLICATIONS_TEST = `${FOLDER}/publications.test.ts`
const BOX_TEST = `${FOLDER}/merge-box.test.ts`
const SOCKETS_TEST = 'packages/server/src/transports/node/ddp-attach.test.ts'
const SESSION = `${FOLDER}/session.ts`
const METHOD = `${FOLDER}/method-call.ts`
const BOX = `${FOLDER}/merge-box.ts`
const SUBSCRIPTION = `${FOLDER}/subscription.ts`
const ERRORS = `${FOLDER}/errors.ts`
const KNOCK = 'packages/server/src/transports/node/ddp-knock.ts'

const HANDLE = 'a connection has an id, its address and headers, can be closed, and tells when it is'
const ERROR = 'an error for clients passes as it is, every other becomes an internal one, and the log is told without the parameters'
const MEMBER = 'a member that another subscription adds is revealed, changed and cleared by itself'
const RERUN = 'setUserId runs every publication anew, sends the net difference, then ready again, and only then is the method done'
const REFUSED = 'setUserId is refused after unblock and where the server itself made the call'
const CURSORS = 'several cursors of different collections are published together, and stop together'

/** @type {import('../row.d.ts').MeteorChapter} */
export const ddpServer = {
  title: 'DDP server behaviours',
  rows: [
    {
      number: 205,
      item: 'The handle of a connection has `id`, `close()`, `onClose()`, `clientAddress` and `httpHeaders`; who asks for `onClose` after the end is told too',
      proof: { file: CONNECTION_TEST, title: HANDLE },
      off: { file: `${FOLDER}/connection-handle.ts`, from: '    this.#session.close()\n', to: '' },
      also: [
        {
          item: '`onClose` of a connection that is closed already is told',
          proof: { file: CONNECTION_TEST, title: HANDLE },
          off: {
            file: SESSION,
            from: "    if (this.#isOver) this.hub.tell(listener, 'the end of a connection')\n    else (this",
            to: '    (this',
          },
        },
        {
          item: '`clientAddress` is what the proxies that are ours say',
          proof: { file: SOCKETS_TEST, title: 'its address, with' },
          off: { file: KNOCK, from: "clientAddress: connection.ip === '' ? null : connection.ip", to: 'clientAddress: null' },
        },
        {
          item: '`httpHeaders` has the headers that prove nothing',
          proof: { file: SOCKETS_TEST, title: 'headers that tell something and prove nothing: no cookies, no authorization' },
          off: { file: KNOCK, from: 'httpHeaders: Object.fromEntries(headers)', to: 'httpHeaders: {}' },
        },
      ],
    },
    {
      number: 206,
      item: 'The first of the client’s versions that the server speaks is picked',
      proof: { file: `${FOLDER}/handshake.test.ts`, title: "the client's first version that the server speaks is picked" },
      off: { file: `${FOLDER}/peer.ts`, from: 'offered.find(isKnown) ?? best', to: 'best' },
      also: [
        {
          item: 'a client tries the version that a server suggests',
          proof: { file: 'packages/client/src/ddp/connection.test.ts', title: 'the version a server suggests is tried at once' },
          off: { file: 'packages/client/src/ddp/connection.ts', from: '    this.#stream.again()\n', to: '' },
        },
      ],
    },
    {
      number: 207,
      item: 'An error that is meant for clients reaches them as it is; any other is a 500',
      proof: { file: METHODS_TEST, title: ERROR },
      off: { file: ERRORS, from: '  if (isMeteorError(error)) return error\n', to: '' },
      also: [
        {
          item: 'errors that are not meant for clients are a 500',
          proof: { file: METHODS_TEST, title: ERROR },
          off: {
            file: ERRORS,
            from: "safe ?? new MeteorError(500, 'Internal server error')",
            to: 'safe ?? new MeteorError(500, String(error))',
          },
        },
        {
          item: 'of an error with a `sanitizedError` clients see that',
          proof: { file: METHODS_TEST, title: ERROR },
          off: {
            file: ERRORS,
            from: 'return isMeteorError(error.sanitizedError) ? error.sanitizedError : undefined',
            to: 'return undefined',
          },
        },
      ],
    },
    {
      number: 208,
      item: 'A client has the union of its subscriptions, member by member: what another one adds, changes, clears or reveals is sent, and nothing when it sees no change',
      proof: { file: BOX_TEST, title: MEMBER },
      off: { file: BOX, from: 'if (own) own.value = value', to: 'if (own) return' },
      also: [
        {
          item: 'a member that is cleared is sent as cleared',
          proof: { file: BOX_TEST, title: MEMBER },
          off: { file: BOX, from: 'if (value === undefined) withdraw(kept, name, by)', to: 'if (value === undefined) continue' },
        },
        {
          item: 'a document that was added, removed and added again is new again',
          proof: { file: BOX_TEST, title: 'a document that was added, removed and added again is new again' },
          off: { file: BOX, from: '      documents?.delete(id)\n', to: '' },
        },
        {
          item: 'clearing a member reveals the value of the other subscription',
          proof: { file: BOX_TEST, title: 'of two values the one that was there first is seen, and clearing it reveals the other' },
          off: { file: BOX, from: 'else if (claims) claims.push({ by, value })', to: 'else if (claims) return' },
        },
        {
          item: 'nothing is sent when what the client sees stays the same',
          proof: { file: BOX_TEST, title: 'nothing is told when what the client sees stays the same' },
          off: { file: BOX, from: '      if (EJSON.equals(before, after)) continue\n', to: '' },
        },
        {
          item: 'a subscription that ends takes along what it alone had',
          proof: { file: BOX_TEST, title: 'a subscription that ends takes along what it alone had' },
          off: { file: BOX, from: '    this.#change(kept, by, collection, id, gone)\n', to: '' },
        },
      ],
    },
    {
      number: 209,
      item: 'A publication for everybody that is made later reaches the clients that are connected already',
      proof: { file: PUBLICATIONS_TEST, title: 'a publication that nobody has to ask for reaches the clients that are connected already' },
      off: {
        file: `${FOLDER}/ddp-server.ts`,
        from: '      for (const session of sessions.values()) session.publishToAll(handler)\n',
        to: '',
      },
    },
    {
      number: 210,
      item: '`setUserId` runs every subscription anew and sends the difference; it is refused after `unblock`, and in calls of the server itself',
      proof: { file: PUBLICATIONS_TEST, title: RERUN },
      off: { file: SESSION, from: '    this.box.succeed(before, this)\n', to: '' },
      also: [
        {
          item: '`setUserId` runs every subscription anew',
          proof: { file: PUBLICATIONS_TEST, title: RERUN },
          off: { file: SESSION, from: '    await this.#within(RERUN_PATIENCE, Promise.all(anew.map(one => one.run())))\n', to: '' },
        },
        {
          item: '`setUserId` is refused after `unblock`',
          proof: { file: METHODS_TEST, title: REFUSED },
          off: { file: METHOD, from: 'if (this.#isUnblocked) throw', to: 'if (false) throw' },
        },
        {
          item: '`setUserId` is refused in calls of the server itself',
          proof: { file: METHODS_TEST, title: REFUSED },
          off: {
            file: METHOD,
            from: "    else throw new Error('setUserId cannot be called where the server itself made the call')\n",
            to: '',
          },
        },
      ],
    },
    {
      number: 211,
      item: 'The result of a method is passed by value',
      proof: { file: METHODS_TEST, title: 'a result is passed by value: what changes afterwards is not what the caller has' },
      off: {
        file: METHOD,
        from: 'return EJSON.clone(await runInvocation<unknown>(call, () => handler.apply(call, call.methodArguments)))',
        to: 'return runInvocation<unknown>(call, () => handler.apply(call, call.methodArguments))',
      },
    },
    {
      number: 212,
      item: 'A publication may return several cursors, and may do so later; an error in it ends the subscription and is told',
      proof: { file: PUBLICATIONS_TEST, title: CURSORS },
      off: { file: SUBSCRIPTION, from: 'for (const cursor of cursors) await', to: 'for (const cursor of cursors.slice(0, 1)) await' },
      also: [
        {
          item: 'a publication may answer later',
          proof: { file: PUBLICATIONS_TEST, title: CURSORS },
          off: {
            file: SUBSCRIPTION,
            from: 'await runInvocation<unknown>(this, () => this.asked.handler.apply(this, params))',
            to: 'runInvocation<unknown>(this, () => this.asked.handler.apply(this, params))',
          },
        },
        {
          item: 'an error in a publication ends the subscription and is told',
          proof: {
            file: PUBLICATIONS_TEST,
            title: 'an error in a publication ends the subscription and is told; what it had published leaves the client',
          },
          off: { file: SUBSCRIPTION, from: '    } catch (error) {\n      this.error(error)\n    }', to: '    } catch {}' },
        },
        {
          item: 'two cursors of one collection are an error',
          proof: { file: PUBLICATIONS_TEST, title: 'a publication that returns two cursors of one collection ends with an internal error' },
          off: { file: SUBSCRIPTION, from: 'if (twice !== undefined) throw', to: 'if (false) throw' },
        },
      ],
    },
  ],
}
