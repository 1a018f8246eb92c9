/** One thing wrong with a file that the operator wrote. */
export interface Fault {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  /** What is wrong, what was got, what was meant; never a secret. */
  readonly message: string
}

/** `file:line:column: message`, as compilers write it, so that editors jump there. */
export function formatFault({ file, line, column, message }: Fault): string {
  return `${file}:${line}:${column}: ${message}`
}

/** The same for what is in order, but hardly meant. */
export function formatWarning(warning: Fault): string {
  return formatFault({ ...warning, message: `warning: ${warning.message}` })
}

/** Line and column (from 1) of an offset in a text. */
export function positionAt(
  text: string,
  offset: number,
): { line: number; column: number } {
  const before = text.slice(0, offset)
  return {
    line: before.split('\n').length,
    column: before.length - before.lastIndexOf('\n'),
  }
}
