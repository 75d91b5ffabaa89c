/** What @meteorrn/core asks of React Native, for Node. */
/** @param {() => unknown} work */
const now = work => work()

module.exports = { Platform: { OS: 'test' }, InteractionManager: { runAfterInteractions: now }, unstable_batchedUpdates: now }
