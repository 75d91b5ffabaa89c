// `trackr` was written for bundlers that had `global`.
export default { define: { global: 'globalThis' } }
