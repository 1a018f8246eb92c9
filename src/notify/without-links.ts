/**
 * Text in which no program that shows it finds an address to link: `://`, `\\` of Windows shares,
 * `www.`, `mailto:`, the `@` of a mail address and the dots in the name of a host stand in brackets,
 * as in `https[://]evil[.]example`. Nothing is left out, and numbers and times stay as they are. It
 * takes at most twice the characters, and at most 3 bytes of UTF-8 or JSON for each character of
 * UTF-16.
 */
export function withoutLinks(text: string): string {
  return text.replaceAll(
    /:\/\/|\\\\|www\.|mailto:|(?<=\S)@(?=[\p{L}\p{N}])|(?<=\S)\.(?=\p{L})/giu,
    '[$&]',
  )
}
