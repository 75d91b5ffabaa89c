/** A network that is always there. */
module.exports = { addEventListener: () => () => {}, fetch: () => Promise.resolve({ isConnected: true }) }
