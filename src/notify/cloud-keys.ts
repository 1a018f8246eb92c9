import type { IniValue } from '../config/ini-value.js'

/**
 * Where a service is reached, if not at its public address: a private endpoint, or a stand-in. Its
 * requests have paths of their own, so the URL has none.
 */
export function endpointUrl(value: string): IniValue {
  const { protocol, origin, href } = URL.canParse(value) ? new URL(value) : noUrl
  return /^https?:$/.test(protocol) && href === `${origin}/`
    ? { value: origin }
    : `must be an http:// or https:// URL of a host only, got a text of ${value.length} characters`
}

/** A key or a token that goes into a header, where a space or a line break would break it. */
export function credentialText(value: string): IniValue {
  return /^[!-~]+$/.test(value)
    ? { value }
    : `must be printable ASCII without spaces, got a text of ${value.length} characters`
}

const noUrl = { protocol: '', origin: '', href: '' }
