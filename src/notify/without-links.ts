/**
 * Text in which no program that shows it finds a URL to link: `://`, `\\` of Windows shares,
 * `www.` and `mailto:` stand in brackets, as in `https[://]host`. Nothing is left out. It takes at
 * most twice the characters; a bare name of a host, which some programs link too, stays as it is,
 * since it leads where it says.
 */
export function withoutLinks(text: string): string {
  return text.replaceAll(/:\/\/|\\\\|www\.|mailto:/gi, '[$&]')
}
