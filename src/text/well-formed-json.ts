/** Every escape in JSON: a whole surrogate pair, half of one, or any other. */
const escapes =
  /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|[^])/g

/**
 * JSON without escapes of half a surrogate pair, in place of which U+FFFD stands: strict parsers refuse
 * the text with them, jq that and all that follows. Vault writes none; whoever else reaches its log may.
 */
export function wellFormedJson(json: string): string {
  if (!/\\u[dD][89a-fA-F]/.test(json)) return json
  return json.replace(escapes, (escape: string, half: string | undefined) =>
    half === undefined ? escape : String.raw`\ufffd`,
  )
}
