// Text from the log goes into code only: with & < > escaped and no backtick left in it, nothing
// there can become a mention, a link, formatting or an emoji (`:name:` does in any other text).

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

/** What a text takes in a message's JSON: never less than Slack's own count of characters. */
export function jsonChars(text: string): number {
  return JSON.stringify(text).length - 2
}

/** Data as a code span, at most `limit` characters of JSON within its backticks. */
export function codeSpan(data: string, limit: number): string {
  return `\`${escapeForCode(data, limit).text}\``
}

/**
 * Escapes data for a code span, in at most `limit` characters of JSON. What doesn't fit is cut
 * between code points, never inside an entity, and marked with `…`; `whole` is false then. Empty
 * data is `-`, since an empty code span is none.
 */
export function escapeForCode(
  data: string,
  limit: number,
): { text: string; whole: boolean } {
  const trimmed = data.trim()
  let text = ''
  let size = 0
  let cutAt = 0
  // No character takes less than 1, so what is beyond the limit can't fit.
  for (const char of visible(trimmed.slice(0, limit + 1))) {
    const piece = entities.get(char) ?? char
    size += char === '"' || char === '\\' ? 2 : piece.length
    if (size > limit) return { text: `${text.slice(0, cutAt)}…`, whole: false }
    text += piece
    if (size < limit) cutAt = text.length
  }
  return { text: text || '-', whole: true }
}

/** One character for one: a symbol for what is invisible, turns text around or ends the code. */
function visible(text: string): string {
  return text
    .replaceAll('`', 'ˋ')
    .replaceAll(/\p{Cc}/gu, controlPicture)
    .replaceAll(/[\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu, '\ufffd')
}

function controlPicture(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '␡' : '\ufffd'
}
