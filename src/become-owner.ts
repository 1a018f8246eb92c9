import { statSync } from 'node:fs'

/**
 * Where root runs a handler by hand or by cron, and the state folder belongs to a user: becomes that
 * user, for good. Files of root's would stop the handlers that syslog-ng runs under that name. Gives
 * what went wrong, if something did.
 */
export function becomeOwnerOf(stateDir: string): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = ownerOf(stateDir)
  if (uid === 0) return undefined
  try {
    process.setgroups!([gid])
    process.setgid!(gid)
    process.setuid!(uid)
    return undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `can't become the owner (${uid}:${gid}) of ${stateDir}: ${reason}; what is written there is root's`
  }
}

/** Root's where there is no such folder, or none that can be looked at: whoever needs it says so. */
function ownerOf(folder: string): { uid: number; gid: number } {
  try {
    return statSync(folder)
  } catch {
    return { uid: 0, gid: 0 }
  }
}
