/**
 * True for the name of a field that may hold something to prove oneself with. Rather one too many: what is withheld from hooks and sealed in the store is
 * missed by nobody, and what is not has leaked.
 */
export const looksSecret = (name: string): boolean => SECRET.test(name)

const SECRET = /pass|secret|token|code|verifier|assertion|credential|pending|resume|signature|jwt|api_?key|private/i
