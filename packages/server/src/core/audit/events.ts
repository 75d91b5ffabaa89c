/** What the audit trail can say. One closed list feeds type, filter and documentation. */
export const AUDIT_TYPES = [
  'login',
  'login-failed',
  'login-refused',
  'logout',
  'refresh-reused',
  'session-ended',
  'sessions-ended',
  'user-created',
  'user-duplicate',
  'user-deactivated',
  'user-activated',
  'user-deleted',
  'user-exported',
  'user-changed',
  'password-changed',
  'password-reset',
  'password-reset-requested',
  'login-link-requested',
  'login-code-requested',
  'verification-requested',
  'email-verified',
  'email-added',
  'email-removed',
  'credential-upgraded',
  'account-linked',
  'account-unlinked',
  'two-factor-enabled',
  'two-factor-disabled',
  'recovery-codes-replaced',
  'recovery-code-used',
  'impersonation',
  'impersonation-refused',
  'rate-limited',
  'locked',
] as const
export type AuditType = (typeof AUDIT_TYPES)[number]

/** One line of the audit trail. Holds no secret and no password; identifiers that matched nobody appear as a keyed hash. */
export interface AuditEvent {
  id: string
  at: number
  type: AuditType
  userId: string | null
  /** Who did it when that is somebody else: an administrator, the command line. */
  actorId?: string
  sessionId?: string
  ip: string | null
  userAgent: string | null
  data: Record<string, unknown>
}
