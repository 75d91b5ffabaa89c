/** A network that is always there. */
exports.default = { addEventListener: () => () => {}, fetch: () => Promise.resolve({ isConnected: true }) }
