import { shippedFile } from './shipped-file.js'

/** The block of code in a document that has this text, with what is its site's own replaced. */
export function docBlock(
  file: string,
  text: string,
  replaced: Readonly<Record<string, string | number>>,
): string {
  const blocks = [...shippedFile(file).matchAll(/^```\w+\n([^]*?)^```$/gm)]
  const block = blocks.map(([, code]) => code!).find(code => code.includes(text))
  if (block === undefined) throw new Error(`no block in ${file} has ${text}`)
  return Object.entries(replaced).reduce((code, [from, to]) => {
    if (!code.includes(from)) throw new Error(`${from} is not in the block with ${text}`)
    return code.replaceAll(from, String(to))
  }, block)
}
