/** Epoch milliseconds as `2026-11-23 08:00:00`, UTC: the time that Vault's own log has. */
export function shownTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}
