/** C0 and C1 controls, line and paragraph separators, bidi and zero-width characters. */
const invisible =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * Untrusted text as one visible line of at most `limit` UTF-16 units: what could hide, reorder or
 * break text is shown as `\u202e` is here, and a cut ends in `…`, never inside a character.
 */
export function oneLine(text: string, limit: number): string {
  const visible = text
    .slice(0, limit + 1)
    .replace(
      invisible,
      hidden => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  if (visible.length <= limit) return visible
  const isSplit = /[\ud800-\udbff]/.test(visible[limit - 2]!)
  return `${visible.slice(0, isSplit ? limit - 2 : limit - 1)}…`
}
