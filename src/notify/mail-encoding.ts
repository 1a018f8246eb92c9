// A mail's text in ASCII, in lines of at most 76 characters.

const maxLine = 76
/** So many bytes take 52 characters of base64, and with the longest name of a header fit a line. */
const maxEncodedBytes = 39

/**
 * A header field on folded lines, with LF, no newline at the end. Plain words of ASCII go as they
 * are; any other text, and what could be taken for an encoded word, is encoded (RFC 2047), so that
 * no character of it can end the field or begin another. `name` is at most 12 characters.
 */
export function headerField(name: string, text: string): string {
  const isPlain = /^[!-~]{1,60}(?: [!-~]{1,60})*$/.test(text) && !text.includes('=?')
  const words = isPlain ? text.split(' ') : encodedWords(text)
  let field = `${name}:`
  let length = field.length
  for (const word of words) {
    const fits = length + 1 + word.length <= maxLine
    field += fits ? ` ${word}` : `\n ${word}`
    length = fits ? length + 1 + word.length : 1 + word.length
  }
  return field
}

/** What stands between two encoded words is not shown: https://www.rfc-editor.org/rfc/rfc2047#section-6.2 */
function encodedWords(text: string): string[] {
  const parts = ['']
  for (const char of text) {
    const longer = parts.at(-1)! + char
    if (Buffer.byteLength(longer) <= maxEncodedBytes) parts[parts.length - 1] = longer
    else parts.push(char)
  }
  return parts.map(part => `=?UTF-8?B?${Buffer.from(part).toString('base64')}?=`)
}

/**
 * Lines of text, each ended by LF, as quoted-printable (RFC 2045 6.7): ASCII stays readable in a
 * queue and in a mailbox file. No line begins with a dot or `From `, which mail programs may change.
 */
export function quotedPrintable(lines: readonly string[]): string {
  return lines.map(line => `${encodeLine(line)}\n`).join('')
}

function encodeLine(line: string): string {
  const bytes = Buffer.from(line)
  const encoded = ['']
  bytes.forEach((byte, i) => {
    const char = String.fromCharCode(byte)
    const code = `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
    const isPlain = /[ -<>-~]/.test(char) && !(char === ' ' && i === bytes.length - 1)
    const piece = isPlain ? char : code
    // One character of the line is the `=` that continues it.
    if (encoded.at(-1)!.length + piece.length >= maxLine) encoded.push('')
    const mayChange = encoded.at(-1) === '' && /[.F]/.test(char)
    encoded[encoded.length - 1] += mayChange ? code : piece
  })
  return encoded.join('=\n')
}
