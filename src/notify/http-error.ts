/**
 * An error's code, such as `ECONNREFUSED`, or `UNKNOWN`; `PROXY_407` for a proxy's refusal. Never
 * its message, which may hold a URL and with it a password.
 */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN'
  const refusal = /^Proxy response \((\d{3})\)/.exec(error.message)
  if (refusal) return `PROXY_${refusal[1]}`
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)
    ? code
    : 'UNKNOWN'
}

/** Throws an error whose code says also what it is about, such as `CA_FILE_ENOENT`. */
export function rethrowWithCode(about: string, error: unknown): never {
  const code = `${about}_${errorCode(error)}`
  throw Object.assign(new Error(code, { cause: error }), { code })
}
