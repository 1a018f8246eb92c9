/** Longer text is cut before it is masked, since no message shows as much: it bounds the time. */
const maxText = 8_192

/**
 * What must not leave the host in clear, with what takes its place. Audit devices with log_raw,
 * CVE-2024-0831 and CVE-2024-8365 put tokens into the audit log; the dev server prints its keys;
 * CVE-2025-4166 echoes a request's body in an error.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  // Vault >= 1.10 and OpenBao: service, batch and recovery tokens, whole or cut off. No word
  // boundary in front: an attacker writes `x_hvs.…`.
  [/hv([sbr])\.[\w-]{6,}(?:\.\w+)?/g, 'hv$1.[masked]'],
  // Vault < 1.10: 24 characters, batch tokens more, with a namespace's suffix.
  [/(?<![A-Za-z0-9])([sbr])\.[A-Za-z0-9_-]{24,}(?:\.\w{4,6})?/g, '$1.[masked]'],
  [/eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, '[masked JWT]'],
  [
    /((?:Unseal|Recovery) Key(?: \d+)?|(?:Initial )?Root Token)\s*:\s*\S+/g,
    '$1: [masked]',
  ],
  [/(auth\/token\/(?:lookup|renew|revoke|revoke-orphan)\/)[^\s"',]+/g, '$1[masked]'],
  [/(X-Vault-Token\b\W{0,8})[\w.-]+/gi, '$1[masked]'],
  [/(converting input ).*( for field)/gs, '$1[masked]$2'],
  [/(:\/\/[^\s:@/]{1,256}:)[^\s@/]{1,256}@/g, '$1[masked]@'],
  [
    /-----BEGIN ([A-Z ]{0,32})PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/gs,
    '[masked $1private key]',
  ],
]

/** What each of these has in it. Hot: most texts have none, and one look is faster than nine. */
const marks = /[sbr]\.|eyJ|Key|Token|auth\/token\/|converting input |:\/\/|-----BEGIN /i

/**
 * Text with tokens, keys and passwords in clear replaced. Every text of an entry or line goes
 * through here before it is shown anywhere but in the alert log, which is as secret as the log
 * itself. Text over 8,192 characters is cut, never inside a character, and ends in `…` then.
 */
export function mask(text: string): string {
  const isCut = text.length > maxText
  const isSplit = isCut && /[\ud800-\udbff]/.test(text[maxText - 1]!)
  const shown = isCut ? text.slice(0, isSplit ? maxText - 1 : maxText) : text
  const masked = marks.test(shown)
    ? secrets.reduce(
        (part, [secret, replacement]) => part.replace(secret, replacement),
        shown,
      )
    : shown
  return isCut ? `${masked}…` : masked
}
