/** Controls, line breaks, bidi and zero-width characters, fillers, tags, and half characters. */
const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * Untrusted text as one visible line of at most `limit` UTF-16 units: what could hide, reorder or
 * break text is shown as `\u202e` is here, and a cut ends in `…`, never inside a character.
 */
export function oneLine(text: string, limit: number): string {
  const visible = text
    .slice(0, limit + 1)
    .replace(
      invisible,
      hidden => `\\u${hidden.codePointAt(0)!.toString(16).padStart(4, '0')}`,
    )
  if (visible.length <= limit) return visible
  const isSplit = /[\ud800-\udbff]/.test(visible[limit - 2]!)
  return `${visible.slice(0, isSplit ? limit - 2 : limit - 1)}…`
}
