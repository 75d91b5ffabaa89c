/** What @meteorrn/core asks of React Native, for Node. */
module.exports = { Platform: { OS: 'test' }, InteractionManager: { runAfterInteractions: work => work() }, unstable_batchedUpdates: work => work() }
